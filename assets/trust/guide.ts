// What to do on which system: a sentence in the reader's language, and what to type as it stands.
import type { Keys } from '$messages/trust'
import type { System } from './system'

export interface Step {
  say: { [Key in keyof Keys]: [Keys[Key]] extends [never] ? Key : never }[keyof Keys]
  type?: string
}

export function guide(system: System, host: string): Step[] {
  const guides: Record<System, Step[]> = {
    windows: [
      { say: 'do.windows.get' },
      { say: 'do.windows.run', type: 'certutil -addstore -f Root "%USERPROFILE%\\Downloads\\ca.crt"' },
      { say: 'do.windows.user', type: 'certutil -user -addstore Root "%USERPROFILE%\\Downloads\\ca.crt"' },
      { say: 'do.windows.group', type: 'Computer Configuration > Policies > Windows Settings > Security Settings > Public Key Policies > Trusted Root Certification Authorities' }
    ],
    macos: [{ say: 'do.macos.get' }, { say: 'do.macos.install' }, { say: 'do.macos.or', type: 'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ~/Downloads/ca.pem' }],
    ios: [{ say: 'do.ios.get' }, { say: 'do.ios.install' }, { say: 'do.ios.trust' }],
    android: [{ say: 'do.android.get' }, { say: 'do.android.install' }, { say: 'do.android.firefox' }],
    chromeos: [{ say: 'do.chromeos.open', type: 'chrome://certificate-manager' }, { say: 'do.chromeos.import' }, { say: 'do.chromeos.managed' }],
    linux: [
      { say: 'do.linux.debian', type: 'sudo cp ca.pem /usr/local/share/ca-certificates/mcp-messenger.crt\nsudo update-ca-certificates' },
      { say: 'do.linux.fedora', type: 'sudo trust anchor ca.pem' },
      { say: 'do.linux.chrome', type: 'certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n "MCP Messenger" -i ca.pem' },
      { say: 'do.linux.programs', type: `NODE_EXTRA_CA_CERTS=ca.pem node client.js\ncurl --cacert ca.pem https://${host}/health` }
    ],
    firefox: [{ say: 'do.firefox.system' }, { say: 'do.firefox.import' }, { say: 'do.firefox.policy', type: '{"policies": {"Certificates": {"Install": ["/path/to/ca.pem"]}}}' }]
  }
  return guides[system]
}
