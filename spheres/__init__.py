"""Which of arXiv's eight groups ("spheres") a scientific article belongs to.

Data flows one way, and a module imports only from those left of it:

    groups, corpus -> encoder -> cache -> head -> classifier -> page
"""
