"""What pictures are drawn with: shapes, colours, and the SVG and PNG that they become."""
