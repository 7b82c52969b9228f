"""CVDM: conditional diffusion whose noise schedule is learnt, pixel by pixel, with the network."""
