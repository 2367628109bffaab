// A process of a simulation: gets what it is to do by `process.send`'s channel, tells what it has seen when it is asked, and
// ends with whoever started it.
import { Fleet } from './fleet.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const tell = (message: FromWorker) => void process.send?.(message);
let fleet: Fleet | undefined;

const seen = (last: boolean) => {
  if (fleet) tell({ type: 'seen', last, tally: fleet.tally.state, identities: last ? fleet.identities : [] });
};

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start': {
      fleet = new Fleet(message.options);
      fleet.start();
      break;
    }
    case 'tell':
      seen(false);
      for (const fault of fleet?.faults ?? []) tell({ type: 'fault', text: fault });
      break;
    case 'forget times':
      fleet?.tally.forgetTimes();
      break;
    case 'stop':
      fleet?.calm();
      seen(true);
      void fleet?.stop(message.patience).then(() => process.disconnect());
      break;
  }
});
// A terminal sends Ctrl-C to all processes; the first one decides.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
