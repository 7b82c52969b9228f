"""Pix2Pix: a U-Net that redraws the enlarged image, trained with a patch discriminator."""
