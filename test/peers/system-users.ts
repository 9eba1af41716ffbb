/**
 * The system's files of users with some more in them, for a server that runs where its package is not installed.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type SystemUser = { readonly name: string; readonly number: number }

/** Writes /etc/passwd and /etc/group, with these users and groups, to `directory`; gives what to mount where. */
export async function systemUsers(directory: string, users: readonly SystemUser[]): Promise<(readonly [string, string])[]> {
  const files = [
    { file: 'passwd', entry: ({ name, number }: SystemUser) => `${name}:x:${number}:${number}::/:/usr/sbin/nologin\n` },
    { file: 'group', entry: ({ name, number }: SystemUser) => `${name}:x:${number}:\n` },
  ]
  for (const { file, entry } of files) {
    const others = (await readFile(`/etc/${file}`, 'utf8'))
      .split('\n')
      .filter(line => !users.some(({ name }) => line.startsWith(`${name}:`)))
    await writeFile(join(directory, file), others.join('\n') + users.map(entry).join(''))
  }
  return files.map(({ file }) => [join(directory, file), `/etc/${file}`] as const)
}
