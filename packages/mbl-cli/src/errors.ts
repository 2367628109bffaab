import { errorFamily } from '@mooring/platform';

export const discoveryErrors = errorFamily({
  'discovery.nothing.found': 'No Mbed Linux OS device answered on any network of this machine.',
  'discovery.no.network': 'No network interface could be used to look for devices.',
});

export const selectionErrors = errorFamily({
  'selection.none': 'A command for a device was given, but no device is selected and none was named.',
  'selection.index.invalid': 'The number given is not one of the list of devices.',
  'selection.name.unknown': 'No device of that name answered.',
  'selection.name.ambiguous': 'Several devices have that name.',
  'selection.address.invalid': 'What was given as an address is neither an IP address nor a host name.',
  'selection.file.malformed': 'The file that holds the selected device is not of the form it has to have.',
});

export const sshErrors = errorFamily({
  'ssh.address.zone.missing': 'A link-local IPv6 address was given without the network interface it belongs to.',
  'ssh.unreachable': 'No connection to the device could be made.',
  'ssh.timeout': 'The device did not answer in time.',
  'ssh.proxy.failed': 'ProxyJump or ProxyCommand of the SSH configuration did not lead to the device.',
  'ssh.protocol.failed': 'The other end does not speak SSH, or no common algorithms were found.',
  'ssh.authentication.refused': 'The device refused every way of logging in that was tried.',
  'ssh.hostkey.changed': 'The device shows another host key than at first contact.',
  'ssh.hostkey.file.malformed': 'The file that holds the host keys of known devices is not of the form it has to have.',
  'ssh.config.unreadable': 'The SSH configuration file could not be read.',
  'ssh.connection.lost': 'The connection broke while a command or transfer was under way.',
  'ssh.channel.refused': 'The device did not start the command or shell that was asked for.',
  'ssh.no.terminal': 'An interactive shell was asked for, but standard input is no terminal.',
  'ssh.command.failed': 'A command on the device ended with an exit status other than 0, which is passed on.',
  'ssh.command.signalled': 'A command on the device was ended by a signal.',
});

export const transferErrors = errorFamily({
  'transfer.source.missing': 'The file or folder to be copied does not exist.',
  'transfer.source.folder': 'The source is a folder and `-r` was not given.',
  'transfer.target.missing': 'The folder into which a file was to be copied does not exist.',
  'transfer.target.conflict': 'A folder would have to replace a file, or a file a folder.',
  'transfer.name.unsafe': 'The device sent a file name that would lead outside the target folder.',
  'transfer.loop': 'A symbolic link leads back into a folder that is being copied.',
  'transfer.incomplete': 'Something that is neither a file nor a folder was left out of a copy.',
  'transfer.failed': 'A file could not be read or written on the device.',
});

export const storeErrors = errorFamily({
  'store.locations.malformed': 'The file that says where the stores are is not of the form it has to have.',
  'store.config.malformed': 'The list of what a store holds is not of the form it has to have.',
  'store.name.unsafe': 'A certificate name cannot be a folder name.',
  'store.name.taken': 'The name stands for something else in the Team Store already.',
  'store.name.same': 'The developer and the update certificate were given one name.',
  'store.certificate.unknown': 'No certificate of that name is in the Team Store.',
  'store.certificate.kind': 'The certificate of that name is of the other kind.',
  'store.certificate.damaged': 'Files of a certificate are missing from the Team Store.',
  'store.folder.foreign': 'A folder in the store holds files that no certificate has.',
  'store.gone': 'The folder of the Team Store went away while a command was running.',
  'store.share.unsupported': 'This system or file system has no groups of the kind that sharing needs.',
  'store.share.group.unknown': 'There is no group of that name on this machine.',
  'store.share.group.foreign': 'The user is not in the group that the store was to be shared with.',
  'store.share.owner': 'The folder of the store belongs to another user, who alone can share it.',
  'store.share.private': 'The folder is also the User Store, which holds an API key and is never shared.',
  'store.move.target': 'The place to which the store was to be moved cannot be used.',
  'store.move.content': 'The store holds something that cannot be copied.',
  'store.move.changed': 'Another program changed the store while it was being moved.',
  'store.move.copy': 'The copy of a moved store was not what had been read.',
  'store.files.left': 'A certificate is off the list of the store, but its files could not be removed.',
});

export const cloudErrors = errorFamily({
  'cloud.key.missing': 'A service was needed and no API key is saved.',
  'cloud.key.unknown': 'The service does not know the API key.',
  'cloud.service.unknown': 'Nothing says at which URL the service is.',
  'cloud.service.invalid': 'The URL given for the service is not of the form it has to have.',
  'cloud.ca.invalid': 'What was given as the certificate of a CA is none.',
  'cloud.certificate.exists': 'A developer certificate of that name exists in the service already.',
  'cloud.certificate.unknown': 'No developer certificate of that name is in the service.',
  'cloud.certificate.kind': 'The certificate of that name in the service is not a developer certificate.',
  'cloud.certificate.unusable': 'The service sent a developer certificate that cannot be used.',
});

export const migrationErrors = errorFamily({
  'migration.source.malformed': 'What was named as the source holds nothing that could be copied.',
  'migration.source.same': 'The other service is the one that is to be copied to.',
});

export const provisionErrors = errorFamily({
  'provision.program.missing': 'The provisioning program is not on the device.',
  'provision.folder.failed': 'The folder for the certificates could not be made on the device.',
  'provision.transfer.failed': 'The certificates could not be copied to the device.',
  'provision.failed': 'The provisioning program on the device reported a failure.',
  'provision.status.failed': 'The device is not configured for Device Management.',
  'provision.list.malformed': 'The list of devices is not of the form it has to have.',
  'provision.key.unsupported': 'The provisioning program of the device cannot make a key of its own.',
  'provision.key.failed': 'The device did not make a key and a request for its certificate.',
  'provision.endpoint.taken': 'The service has a certificate of another key for the endpoint name.',
});

export const firmwareErrors = errorFamily({
  'firmware.file.empty': 'What was named as an update package is empty or no file.',
  'firmware.program.missing': 'The program that installs updates is not on the device.',
  'firmware.space': 'The update package has no room on the device.',
  'firmware.failed': 'The device did not install the update package.',
  'firmware.restart.late': 'The device was told to restart after an update and did not come back in time.',
  'firmware.taken.back': 'The device has restarted after an update and runs what it ran before.',
});
