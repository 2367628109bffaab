/** What real clients send, taken from the wire. The account and device ids are those of the test. */
export const accountId = '016c0000000000000000000000000001';

/** mbed-cloud-client 4.13.2, the example application. */
export const c413 = {
  query: [
    'ep=0170000000000000000000000000d001',
    'et=default',
    'lt=7200',
    'lwm2m=1.0',
    `d=${accountId}`,
    'b=U',
    `aid=${accountId}`,
    'mccv=4.13.2',
  ],
  links: [
    '</3/0/21>;obs,</3/0/18>;obs,</3/0/17>;obs,</3/0/2>;v="0";aobs="488",</3/0/1>;v="dev_model_num";aobs="487"',
    '</3/0/0>;v="dev_manufacturer";aobs="486",</3/0/5>,</3/0/16>;obs,</3/0/11>;obs,</3/0/11/0>;obs,</3/0/4>,</35011>',
    '</35011/0>,</35011/0/27002>;rt="Enroll",</14>,</14/1>,</14/1/2>;rt="Component Version";v="0.0.0"',
    '</14/1/0>;rt="Component Identity";v="METER",</14/0>,</14/0/2>;rt="Component Version";v="0.0.0"',
    '</14/0/0>;rt="Component Identity";v="MAIN",</10255>,</10255/0>',
    '</10255/0/4>;rt="Class";v="AAAAAAAAAAAAAAAAAAAAAA==";aobs="485"',
    '</10255/0/3>;rt="Vendor";v="AAAAAAAAAAAAAAAAAAAAAA==";aobs="484",</10255/0/0>;rt="ProtocolSupported";v="4";aobs="483"',
    '</10252>,</10252/0>,</10252/0/6>;rt="PkgVersion";aobs="482",</10252/0/5>;rt="PkgName";aobs="481"',
    '</10252/0/4>;rt="CustomerUpdateResult";aobs="480",</10252/0/3>;rt="UpdateResult";v="-1";aobs="479"',
    '</10252/0/2>;rt="State";v="1";aobs="478",</10252/0/1>;rt="Package",</5000>,</5000/0>,</5000/0/2>;obs',
    '</3201>,</3201/0>,</3200>,</3200/0>,</3200/0/5501>;obs,</1>,</1/0>,</1/0/8>,</1/0/7>;obs,</1/0/6>;obs,</1/0/4>',
    '</1/0/1>;obs,</1/0/0>;obs',
  ].join(','),
};

/** Mbed Linux OS's daemon with mbed-cloud-client 4.1.0. */
export const mbl = {
  query: [
    'ep=0170000000000000000000000000d002',
    'et=default',
    'lt=600',
    `d=${accountId}`,
    'b=U',
    `aid=${accountId}`,
    'mccv=4.1.0',
  ],
  links: [
    '</3/0/21>;v="0";aobs="18",</3/0/18>;v="dev_hardware_version";aobs="17",</3/0/17>;v="dev_device_type";aobs="16"',
    '</3/0/2>;v="0";aobs="15",</3/0/1>;v="dev_model_num";aobs="14",</3/0/0>;v="dev_manufacturer";aobs="13",</3/0/16>;obs',
    '</3/0/11>;ct="99";aobs="12",</3/0/11/0>;obs,</3/0/4>,</35011>;ct="99",</35011/0>;ct="99",</35011/0/27002>;rt="Enroll"',
    '</10255/0/5>;rt="DeviceId";v="SU5WQUxJRA==";aobs="11",</10255/0/4>;rt="Class";v="IiIiIiIiQiKCIiIiIiIiIg==";aobs="10"',
    '</10255/0/3>;rt="Vendor";v="ERERERERQRGBEREREREREQ==";aobs="9"',
    '</10255/0/2>;rt="OEMBootloaderHash";v="SU5WQUxJRA==";aobs="8"',
    '</10255/0/1>;rt="BootloaderHash";v="SU5WQUxJRA==";aobs="7",</10255/0/0>;rt="ProtocolSupported";v="3";aobs="6"',
    '</10252/0/9>;rt="Update",</10252/0/6>;rt="PkgVersion";v="-1";aobs="5",</10252/0/5>;rt="PkgName";v="-1";aobs="4"',
    '</10252/0/3>;rt="UpdateResult";v="-1";aobs="3",</10252/0/2>;rt="State";v="1";aobs="2",</10252/0/1>;rt="Package"',
    '</1>;ct="99",</1/0>;ct="99",</1/0/8>,</1/0/7>;obs,</1/0/6>;obs,</1/0/1>;obs,</1/0/0>;obs',
  ].join(','),
};
