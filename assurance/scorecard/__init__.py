"""The scorecard: `make scorecard` writes docs/scorecard.md and assurance/results/scorecard.json.

Figures come from two places. What a campaign took, maybe for hours, is read from the JSON that it left in
assurance/results/. What can be counted in seconds is counted now: lines, tests, faults, known limits. Nothing is made
up: a campaign that left nothing is "not measured", and one that was about another kernel is marked as such.

The page is a pure function of scorecard.json, and the rows about campaigns are one of assurance/results/. Tests pin
both, so the page is not written by hand and no campaign is forgotten. They do not pin the page to the present sources:
each commit to the kernel would then have to repeat campaigns of hours, or fail. Instead the page says which kernel it
is about, each row says so when it is about another, and `make test` ends with a red line while the sources are ahead of
the page. `make scorecard ARGS=--check` fails then, for those who release.
"""
