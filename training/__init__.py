"""Train a churn model on a table of your own: `from training.workflow import train`.

Importing this package alone is cheap; scikit-learn and pandas come with the modules that need them.
"""
