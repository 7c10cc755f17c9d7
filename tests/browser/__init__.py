"""The page in a real Chromium. A package, so that its conftest.py is not taken for that of the other tests."""
