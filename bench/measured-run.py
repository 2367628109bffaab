# Runs a command and prints what it took: {"status", "wall", "cpu" in seconds, "memory" in bytes (largest resident set)}.
import json
import os
import resource
import subprocess
import sys
import time

environment = {name: value for name, value in os.environ.items() if name != 'NODE_EXTRA_CA_CERTS'}
# The first child of a process costs more than the others, whatever it does.
subprocess.run(['true'])
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    'status': done.returncode,
    'wall': wall,
    'cpu': used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
    'memory': used.ru_maxrss * 1024,
}))
