import type { SwuImage } from '@mooring/payload';
import type { PartPlan } from '../journal/records.ts';

/** What an image takes on the device until the old is cleared away. */
export interface Space {
  readonly path: string;
  /** Bytes. */
  readonly bytes: number;
}

export interface Inspected {
  readonly plan: PartPlan;
  readonly space: readonly Space[];
}

/**
 * Who installs the images of one kind. All but `inspect` and `stage` can come again after a power cut, with what they did
 * before done whole, in part or not at all.
 */
export interface PartHandler {
  /** Whether it installs images of this type. */
  takes(type: string): boolean;
  /** Reads the image whole, and changes nothing. @throws MooringError where it cannot be installed here */
  inspect(image: SwuImage): Promise<Inspected>;
  /** Puts the new beside the old, verified and safe from a power cut. */
  stage(plan: PartPlan, image: SwuImage): Promise<void>;
  /** Lets the new take the place of the old, which stays where it is. */
  switch(plan: PartPlan): Promise<void>;
  /** Sees how the new does, where that can be seen at once. */
  start(plan: PartPlan): Promise<void>;
  /** The opposite of `switch`; where nothing was switched, nothing. */
  unswitch(plan: PartPlan): Promise<void>;
  /** Takes away what was staged, once the old runs. */
  discard(plan: PartPlan): Promise<void>;
  /** Takes away the old. */
  clear(plan: PartPlan): Promise<void>;
  /** Whether what this part brought is what runs; undefined where that cannot be told. */
  isRunning?(plan: PartPlan): Promise<boolean | undefined>;
  isChosen?(plan: PartPlan): Promise<boolean | undefined>;
}
