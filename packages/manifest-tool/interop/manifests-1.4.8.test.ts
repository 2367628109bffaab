// Manifests of ours are parsed and verified by the real 1.4.8, and its own by ours, over generated inputs.
import fc from 'fast-check';
import { inputsWith } from './inputs-1.x.ts';
import { sameBothWays } from './same-both-ways.ts';

const latin1 = fc.stringMatching(/^[a-zA-Z0-9 äöüß{}":,]{1,30}$/);

sameBothWays('1.4.8', inputsWith({ vendorInfo: latin1 }));
