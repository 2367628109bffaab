import { openSwu, type SwuImage } from '@mooring/payload';
import { piecesOf, type RandomAccess } from '@mooring/platform';
import { updateErrors } from '../errors.ts';
import type { PartPlan } from '../journal/records.ts';
import type { PartHandler, Space } from '../parts/part-handler.ts';

export interface InspectedPayload {
  readonly plans: readonly PartPlan[];
  readonly space: readonly Space[];
}

export interface PayloadRules {
  readonly handlers: readonly PartHandler[];
  /** Revision of this board, where it says one: payloads that name revisions have to name it. */
  readonly hardware: string | undefined;
}

/** Images that no one here installs. */
export class UnknownImages extends Error {
  readonly types: readonly string[];

  constructor(types: readonly string[]) {
    super(types.join(', '));
    this.types = types;
  }
}

export const handlerOf = (handlers: readonly PartHandler[], type: string): PartHandler | undefined =>
  handlers.find((one) => one.takes(type));

async function eachImage(
  payload: RandomAccess,
  { handlers, hardware }: PayloadRules,
  work: (image: SwuImage, handler: PartHandler) => Promise<void>,
): Promise<void> {
  const { description, images } = await openSwu(piecesOf(payload));
  try {
    if (description.hardware && hardware !== undefined && !description.hardware.includes(hardware)) {
      throw updateErrors('update.payload.unfit', {
        message: `The payload is for hardware ${description.hardware.join(', ')}, and this is ${hardware}.`,
        next: 'Choose the payload for this board.',
      });
    }
    const unknown = description.images.filter(({ type }) => !handlerOf(handlers, type)).map(({ type }) => type);
    if (unknown.length > 0) throw new UnknownImages(unknown);
    for await (const image of images) {
      const handler = handlerOf(handlers, image.type);
      if (handler) await work(image, handler);
    }
  } finally {
    await images.return(undefined);
  }
}

/**
 * Reads all of the payloads, checksums and all, and plans what each image does, without changing anything.
 *
 * @throws MooringError `payload.*`, `update.*`; `UnknownImages`
 */
export async function inspectPayloads(
  payloads: readonly RandomAccess[],
  rules: PayloadRules,
): Promise<InspectedPayload> {
  const plans: PartPlan[] = [];
  const space: Space[] = [];
  for (const payload of payloads) {
    await eachImage(payload, rules, async (image, handler) => {
      if (plans.some(({ type }) => type === image.type)) {
        throw updateErrors('update.payload.unfit', {
          message: `The package has two images of the type ${image.type}.`,
          next: 'Put what belongs together into one image.',
        });
      }
      const inspected = await handler.inspect(image);
      plans.push(inspected.plan);
      space.push(...inspected.space);
    });
  }
  return { plans, space };
}

/** Stages each image by its plan. */
export async function stagePayloads(
  payloads: readonly RandomAccess[],
  rules: PayloadRules,
  plans: readonly PartPlan[],
): Promise<void> {
  for (const payload of payloads) {
    await eachImage(payload, rules, async (image, handler) => {
      const plan = plans.find(({ type }) => type === image.type);
      if (plan) await handler.stage(plan, image);
    });
  }
}
