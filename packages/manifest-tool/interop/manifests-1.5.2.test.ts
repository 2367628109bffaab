// Manifests of ours are parsed and verified by the real 1.5.2, and its own by ours, over generated inputs with what 1.5
// added: priority, deltas, and vendor information as hexadecimal.
import fc from 'fast-check';
import { inputsWith } from './inputs-1.x.ts';
import { sameBothWays } from './same-both-ways.ts';

const vendorInfo = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const added = {
  vendorInfo,
  priority: fc.integer({ min: 1, max: 2 ** 31 }),
  payloadFormat: fc.constantFrom('raw-binary', 'bsdiff-stream'),
};

sameBothWays(
  '1.5.2',
  inputsWith(added).map((input) =>
    'payloadFormat' in input && input.payloadFormat === 'bsdiff-stream'
      ? { ...input, precursorFile: 'old.bin', installedFile: 'new.bin' }
      : input,
  ),
  // Where 1.5 takes hexadecimal under the name of 1.4.8's text, ours has a name of its own.
  ({ vendorInfo, ...input }) => (vendorInfo === undefined ? input : { ...input, vendorInfoHex: vendorInfo }),
);
