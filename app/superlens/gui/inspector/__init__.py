"""What is known of the selected image, its result and its model."""
