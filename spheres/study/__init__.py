"""The study behind the shipped head: ablations, baselines, figures on test articles, and the report of them all.

`ablations.run_study` varies one choice at a time and measures on validation articles, `baselines.baselines` answers
without this project's head, `test_set.evaluate_on_test` measures the finished head once, `report.write_report` writes
figures.json, the plots and report.md. Only `head.py compare` uses it; nothing that serves answers does.
"""
