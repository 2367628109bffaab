// Loaded before a program that the quick start leaves running (`node --import`): the pipe on its standard input ends
// when the quick start does, even if that was killed, and the program then ends as by Ctrl-C.
const { stdin } = process;
const end = () => process.kill(process.pid, 'SIGTERM');
stdin.on('end', end).on('error', end).resume();
// Not a reason of its own to stay.
(stdin as typeof stdin & { unref?(): void }).unref?.();
