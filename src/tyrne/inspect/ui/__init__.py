"""What the page of `tyrne ui` asks for: the state of a run at any position, and the server that answers.

| file | |
|---|---|
| at.py | positions |
| reader.py | reads the whole run once, beside: what happens in each transition, and what each task does meanwhile |
| kernel_path.py | which functions of the kernel a transition ran through, and which check refused |
| instructions.py | the registers of a task, and the code where it goes on |
| writes.py | which write made a word of memory what it is |
| told.py | tasks, as data |
| whose_memory.py | which task has, or had, the word at an address |
| page_words.py | the words of a page of a task's memory |
| sources.py | which files may be shown, by the names that places have |
| viewer.py | goes to a position, and tells what is there |
| server.py | answers requests, and whose |

The page's own files are in `inspect/ui_files`.
"""
