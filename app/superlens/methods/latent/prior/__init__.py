"""The generative prior: generator, discriminator, losses, augmentation and their training."""
