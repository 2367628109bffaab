# Runs the real tool once for each line of standard input, in a child forked after the slow imports.
# A line is {"argv": [...], "cwd": "...", "stdin": "hex"}; the answer is {"status": n, "stdout": "hex", "stderr": "text"}.
import importlib
import json
import os
import sys
import tempfile

module, function = sys.argv[1].rsplit('.', 1)
entry = getattr(importlib.import_module(module), function)


def child(request, stdin, stdout, stderr):
    os.chdir(request['cwd'])
    for file, number in ((stdin, 0), (stdout, 1), (stderr, 2)):
        os.dup2(file.fileno(), number)
    sys.argv = ['manifest-tool'] + request['argv']
    status = 1
    try:
        result = entry(request['argv']) if sys.argv[1:] and function == 'entry_point' else entry()
        status = result if isinstance(result, int) else 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else (0 if end.code is None else 1)
    except BaseException:
        import traceback
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


for line in sys.stdin:
    request = json.loads(line)
    files = [tempfile.TemporaryFile() for _ in range(3)]
    files[0].write(bytes.fromhex(request.get('stdin', '')))
    files[0].flush()
    files[0].seek(0)
    pid = os.fork()
    if pid == 0:
        child(request, *files)
    _, ended = os.waitpid(pid, 0)
    for file in files[1:]:
        file.seek(0)
    answer = {
        'status': os.waitstatus_to_exitcode(ended),
        'stdout': files[1].read().hex(),
        'stderr': files[2].read().decode('utf-8', 'replace'),
    }
    for file in files:
        file.close()
    print(json.dumps(answer), flush=True)
