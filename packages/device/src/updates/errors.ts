import { errorFamily } from '@mooring/platform';

export const updateErrors = errorFamily({
  'update.payload.unknown': 'A payload holds an image of a type that nothing on this device installs.',
  'update.payload.unfit': 'A payload is not for this device, or its parts do not fit it.',
  'update.space': 'There is not enough space on the device for an update.',
  'update.write': 'What was written to the device for an update is not what is read back.',
  'update.board': 'The device does not tell what an update has to know of it: banks, partitions, bootloader.',
  'update.application': 'An application of an update did not start, or did not stay alive.',
  'update.plugin': 'A program that installs images of its own kind failed.',
  'update.interrupted': 'An update was interrupted before anything had changed, by a restart or a power cut.',
  'update.not.started': 'After an update the device came up with its old software.',
  'update.not.confirmed': 'The new software of an update came up, but did not reach its service; the old one is back.',
  'update.busy': 'An update is on its way; another one has to wait.',
  'update.journal': 'The journal of the updates is damaged.',
  'update.download': 'The image of an update could not be downloaded.',
  'update.image.wrong': 'What was downloaded is not what the manifest says: size, digest or form.',
  'update.refused': 'The manifest of an update was refused.',
});
