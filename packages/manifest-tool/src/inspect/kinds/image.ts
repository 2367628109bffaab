import { deltaMagic } from '@mooring/manifest';
import type { Item, Source } from '../item.ts';

/** Whatever is nothing else: an image of firmware, of which only its digest matters here. */
export function imageItem({ file, size, deltaVersion }: Source, isText = false): Item {
  const isKnown = deltaVersion === deltaMagic;
  return {
    file,
    kind: 'image',
    title: size === 0 ? 'empty file' : isText ? 'text' : 'image, or some other file',
    facts:
      deltaVersion === undefined
        ? []
        : [['deltas', `its client applies ${deltaVersion}${isKnown ? '' : ', which is not made here'}`]],
    details: { appliesDeltas: deltaVersion ?? null },
    findings:
      size === 0 ? [{ weight: 'problem', code: 'file.damaged', files: [file], text: 'there is nothing in it' }] : [],
  };
}
