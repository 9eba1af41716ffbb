/**
 * Filters in front of other people's servers: Proofpoint, Cisco, MessageLabs, Trend Micro, FortiMail, Trellix.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

export const otherGateways: RuleTable = {
  name: 'gateways',
  hosts: [
    'pphosted.com',
    'ppe-hosted.com',
    'iphmx.com',
    'messagelabs.com',
    'hes.trendmicro.com',
    'hes.trendmicro.eu',
    'tmes.trendmicro.com',
    'tmes.trendmicro.eu',
    'trendmicro.com',
    'trendmicro.eu',
    'reflexion.net',
    'sophos.com',
    'hornetsecurity.com',
    'antispameurope.com',
  ],
  rules: [
    {
      // Trend Micro checks recipients against a directory and says "Access denied" of those it does not know.
      id: 'trendmicro-recipient',
      gives: 'invalid_address',
      when: { says: ['recipient address rejected access denied'], unless: ['blocked', 'client host'], here: true },
      sample: '554 5.7.1 <jean@example.com>: Recipient address rejected: Access denied',
      sampleHost: 'example.in.tmes.trendmicro.eu',
      source: 'https://success.trendmicro.com/ (Email Security, recipient filter)',
      certain: true,
    },
    {
      id: 'messagelabs-rejected',
      gives: 'invalid_address',
      when: { says: ['rejected'], code: [542] },
      sample: '542 jean@example.com Rejected',
      source: 'https://www.symanteccloud.com/troubleshooting',
    },
    {
      id: 'messagelabs-policy',
      gives: 'sender_blocked',
      when: { says: ['connection rejected by policy'] },
      sample:
        '501 Connection rejected by policy [7.7] 9908, please visit www.messagelabs.com/support for more details about this error message.',
      source: 'https://www.symanteccloud.com/troubleshooting',
    },
    {
      id: 'messagelabs-filtered',
      gives: 'content_rejected',
      when: { says: ['message filtered'] },
      sample:
        '553-Message filtered. Refer to the Troubleshooting page at\n553 http://www.symanteccloud.com/troubleshooting for more information. (#5.7.1)',
      source: 'https://www.symanteccloud.com/troubleshooting',
    },
    {
      id: 'messagelabs-relay',
      gives: 'relay_config',
      when: { says: ['you are trying to use me * to relay', 'not been configured to let you', 'havent been configured to let you'] },
      sample:
        '553-you are trying to use me [server-9.tower-1.messagelabs.com] to relay,\n553 but I have not been configured to let you (#5.7.1)',
      source: 'https://www.symanteccloud.com/troubleshooting',
    },
    {
      id: 'cisco-bounced-by-administrator',
      gives: 'content_rejected',
      when: { says: ['message bounced by administrator'] },
      sample: '5.x.0 - Message bounced by administrator (delivery attempts: 0)',
      source: 'https://www.cisco.com/c/en/us/support/security/email-security-appliance/ (bounce profiles)',
    },
    {
      id: 'cisco-reputation',
      gives: 'sender_blocked',
      when: { says: ['your access to this mail system has been rejected', 'your access to submit messages'] },
      sample: "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
      source: 'https://www.cisco.com/c/en/us/support/docs/security/email-security-appliance/118380-technote-esa-00.html',
    },
    {
      id: 'proofpoint-dnsbl',
      gives: 'sender_blocked',
      when: { says: ['/dnsbl', 'ipcheck.proofpoint.com'] },
      sample: '554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.225',
      source: 'https://ipcheck.proofpoint.com/',
    },
    {
      id: 'fortimail-black-ip',
      gives: 'sender_blocked',
      when: { says: ['fortiguard * black ip', 'black ip address', 'connection black ip'] },
      sample: '550 5.7.1 This message has been blocked because it is from a FortiGuard - AntiSpam black IP address.',
      source: 'https://docs.fortinet.com/product/fortimail',
    },
    {
      id: 'fireeye-etp',
      gives: 'sender_blocked',
      when: { says: ['(etp201|etp202|etp203|etp204|etp206|etp207|etp208)'] },
      sample: '550 5.5.4 ETP208 Your IP 192.0.2.10 is refused.',
      source: 'https://docs.trellix.com/ (Email Security, ETP codes)',
    },
  ],
}
