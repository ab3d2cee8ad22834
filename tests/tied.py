"""Run a command that dies with the process that started it, however that one ends.

    python tied.py SIGNAL USER PARENT COMMAND…

USER is the one to become, or empty. A script of its own: it becomes another user
only after Python has started, whose files that user may not be able to read.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1

signal, user, parent, *command = sys.argv[1:]
if user:
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal))
if os.getppid() != int(parent):
    sys.exit("the parent is gone")
os.execv(command[0], command)
