"""What programs can call, in the page's order."""

ENDPOINTS = ["classify", "classify_many", "category_fit", "classify_file"]
