"""RESRGAN: the residual-in-residual dense generator, trained for fidelity and for realism."""
