// Changed inputs to everything that reads from outside: no crash, no error but its own. A million of them:
// node tools/with-node.cjs test/mutated-inputs/main.ts
import { test } from 'node:test';
import { decoders } from './mutated-inputs/decoders.ts';
import { search } from './mutated-inputs/search.ts';

const inputs = Number(process.env.MOORING_FUZZ_RUNS ?? 400);

for (const [index, decoder] of decoders.entries()) {
  test(`${decoder.name}: ${inputs} changed inputs`, async () => void (await search(decoder, { inputs, seed: index })));
}
