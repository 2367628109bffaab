import { errorFamily } from '@mooring/platform';

export const lwm2mErrors = errorFamily({
  'lwm2m.path.invalid':
    'A path is not of the form /object/instance/resource/resource instance, with numbers up to 65534.',
  'lwm2m.payload.malformed': 'A payload breaks the rules of its content format; format and place are given.',
  'lwm2m.value.invalid': 'A value does not fit the type of its resource.',
  'lwm2m.format.unsupported': 'A content format is unknown, or cannot carry what was asked of it.',
  'lwm2m.registration.invalid':
    'A registration, an update of one, or a request to bootstrap lacks something or says it wrongly.',
  'lwm2m.device.refused': 'A device answered an operation with an error code, which is given.',
});
