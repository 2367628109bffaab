import type { Code } from '@mooring/coap';
import type { Catalogue } from '../definitions/catalogue.ts';
import type { AttributeStore } from './attributes.ts';
import type { ObjectTree } from './object-tree.ts';

/** What answering has to know of the device. */
export interface Operated {
  readonly tree: ObjectTree;
  readonly attributes: AttributeStore;
  readonly catalogue: Catalogue;
  /** Composite operations are 1.1's. */
  readonly version: '1.0' | '1.1';
  /** The format of more than one value where the server does not ask for one. */
  readonly severalFormat: number;
  /** For answers with a payload; Pelion's clients say 0. */
  readonly maxAge?: number;
  /** What a server hears that asks for object 0. */
  readonly securityCode: Code;
}
