"""Which authority can ever come to whom, by the rules of the kernel.

| file | |
|---|---|
| facts.py | what is reasoned about: things, authority, facts |
| concrete.py | the facts of a kernel |
| rules.py, follow.py | what may follow from them |
| effects.py | what tasks may do to each other then |
| answers.py | questions about it, with the steps |
| policy.py, verdict.py | what must not be, and whether it can |
"""
