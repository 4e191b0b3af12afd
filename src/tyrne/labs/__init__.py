"""Six labs for a course: what a learner starts from, and the tests that look at what they have made of it.

The files to start from stand in labs/ of the project, the pages in docs/labs. A lab's tests are a module of this
package, to be read by who does the lab: each test is a function whose first line says what it looks at, and which says
what is missing in a sentence.

| file | |
|---|---|
| `lab.py` | what a lab is, and the list of all |
| `starting.py` | a folder of the learner's own |
| `work.py` | what a learner has made, and running it |
| `checking.py` | the tests of a lab, one after the other |
| `capability.py`, `message.py`, `page_fault.py`, `scheduler.py`, `driver.py`, `attack.py` | the tests of labs 1 to 6 |
| `changed_kernel.py`, `stepped.py` | a kernel with a file of the learner's |
| `words.py` | what became of a run, in sentences |
"""
