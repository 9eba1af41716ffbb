/**
 * Tencent QQ, NetEase (163, 126) and Sina.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const neteaseDoc = 'https://help.mail.163.com/faqDetail.do?code=d7a5dc8471cd0c0e8b4b8f4f8e49998b374173cfe9171305fa1ce630d7f67ac2'

const qqDoc = 'https://service.mail.qq.com/'

export const chinese: RuleTable = {
  name: 'qq, netease, sina',
  hosts: [
    'qq.com',
    'foxmail.com',
    '163.com',
    '126.com',
    'yeah.net',
    'netease.com',
    'sina.com',
    'sina.com.cn',
    'sohu.com',
    'aliyun.com',
    'qiye.aliyun.com',
    'icoremail.net',
  ],
  rules: [
    {
      // Tencent says it of a mailbox that gets too much mail, not of one that is gone.
      id: 'qq-mailbox-busy',
      gives: 'rate_limited',
      when: { says: ['mailbox unavailable or access denied'] },
      sample: '550 Mailbox unavailable or access denied. https://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000724',
      source: qqDoc,
    },
    {
      id: 'qq-rejected-by-recipients',
      gives: 'recipient_policy',
      when: { says: ['rejected by recipients', 'mail is rejected by recipients'] },
      sample: '550 Mail is rejected by recipients [192.0.2.10]',
      source: qqDoc,
    },
    {
      id: 'qq-bounce-attack',
      gives: 'sender_blocked',
      when: { says: ['suspected bounce attack*', 'reject by behaviour'] },
      sample: '550 Suspected bounce attacks',
      source: qqDoc,
    },
    {
      id: 'netease-rate',
      gives: 'rate_limited',
      when: { says: ['hl (icc|ifc)', 'mi (cel|dmc|ccl|sfq|stc)', 'rp (drc|ccl|cel|qrc|rcl|trc)', 'too much recipient'] },
      sample: '451 MI:SFQ 163 smtp1,A9xpCgB3,1',
      source: neteaseDoc,
    },
    {
      id: 'netease-sender',
      gives: 'sender_blocked',
      when: {
        says: ['hl (rep|mep|ihu|ipb)', 'dt rbl', 'wm (bli|blu)', 'mi spb', 'user in blacklist', 'ip in blacklist', 'ip is rejected'],
      },
      sample: '554 HL:IPB 163 mx9, 192.0.2.10',
      source: neteaseDoc,
    },
    {
      id: 'netease-authentication',
      gives: 'auth_failed',
      when: { says: ['mi (spf|dma)'] },
      sample: '550 MI:SPF 163 mx14, rejected by the sender domain',
      source: neteaseDoc,
    },
    {
      id: 'netease-content',
      gives: 'content_rejected',
      when: { says: ['dt (spm|sum|srd)', 'illegal attachment', 'mail content denied'] },
      sample: '554 DT:SPM 163 smtp5,3b2a5c',
      source: neteaseDoc,
    },
    {
      id: 'netease-config',
      gives: 'relay_config',
      when: { says: ['mi (nhd|imf)', 'rp frl', 'null sender is not allowed', 'local user only'] },
      sample: '550 RP:FRL 126 mx2, relay',
      source: neteaseDoc,
    },
    {
      id: 'netease-suspended',
      gives: 'inactive_address',
      when: { says: ['user suspended', 'user is locked'] },
      sample: '550 User suspended',
      source: neteaseDoc,
    },
  ],
}
