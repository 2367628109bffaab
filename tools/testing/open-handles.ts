// A reporter beside another one: says nothing unless the file goes on after its last test, because something was left
// open. Then it says what, and ends the process, which otherwise would wait for ever.
import type { TestEvent } from 'node:test/reporters';

const idle = Number(process.env.MOORING_TEST_IDLE ?? 30_000);

export default async function* openHandles(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  let unfinished = 0;
  const giveUp = () => {
    const open = process.getActiveResourcesInfo().filter((name) => !/^(?:TTY|Pipe|FSReq)Wrap$/.test(name));
    process.stdout.write(
      `\n${failures.join('\n')}\nAll tests have ended, and the process has not; open are: ${open.join(', ')}\n`,
      () => process.exit(1),
    );
  };
  let timer = setTimeout(giveUp, idle).unref();
  for await (const event of source) {
    if (event.type === 'test:dequeue' && event.data.nesting === 0) unfinished++;
    if ((event.type === 'test:pass' || event.type === 'test:fail') && event.data.nesting === 0) unfinished--;
    if (event.type === 'test:fail') failures.push(`${event.data.name}: ${event.data.details.error.cause}`);
    clearTimeout(timer);
    if (unfinished <= 0) timer = setTimeout(giveUp, idle).unref();
  }
  clearTimeout(timer);
  yield '';
}
