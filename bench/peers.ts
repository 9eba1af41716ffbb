/**
 * Other relays, set up as their users would for this job: everything to one upstream, 100,000 refused recipients looked up at RCPT where they can.
 *
 * A peer that is not installed says so and is left out. Postfix must be started by root.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePort, type Running, start } from './processes.ts'

export type Peer = {
  readonly name: string
  /** What is missing here; null: it can be started. */
  missing(): string | null
  start(upstreamPort: number): Promise<Running>
}

const blacklist = Array.from({ length: 100_000 }, (_, i) => `b${i}@bad.example`)

/** Postfix before the queue: smtpd hands the session on to upstream as a proxy filter, and looks recipients up. */
const postfix: Peer = {
  name: 'Postfix, smtpd_proxy_filter',
  missing: () =>
    !existsSync('/usr/sbin/postfix') ? 'no /usr/sbin/postfix' : process.getuid?.() !== 0 ? 'Postfix wants to be started by root' : null,
  async start(upstreamPort) {
    const port = await freePort()
    const directory = mkdtempSync(join(tmpdir(), 'bench-postfix-'))
    const [etc, spool, data] = ['etc', 'spool', 'data'].map(name => join(directory, name)) as [string, string, string]
    for (const path of [etc, spool, data]) mkdirSync(path)
    execFileSync('chmod', ['755', directory])
    chownSync(data, Number(execFileSync('id', ['-u', 'postfix'])), 0)
    const map = join(etc, 'blacklist')
    writeFileSync(map, blacklist.map(address => `${address} REJECT blacklisted\n`).join(''))
    writeFileSync(
      join(etc, 'main.cf'),
      `compatibility_level = 3.6
queue_directory = ${spool}
data_directory = ${data}
myhostname = relay.bench.test
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = ${directory}/maillog
maillog_file_prefixes = ${directory}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access hash:${map}, permit_mynetworks, reject
message_size_limit = 52428800
default_process_limit = 200
smtpd_tls_security_level = none
alias_maps =
alias_database =
`,
    )
    const services = ['cleanup', 'trivial-rewrite', 'bounce', 'verify', 'proxymap', 'smtp', 'error', 'anvil']
    writeFileSync(
      join(etc, 'master.cf'),
      `127.0.0.1:${port} inet n - n - 1300 smtpd -o smtpd_proxy_filter=127.0.0.1:${upstreamPort} -o smtpd_proxy_timeout=100s
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
defer unix - - n - 0 bounce
postlog unix-dgram n - n - 1 postlogd
${services.map(name => `${name} unix - - n - - ${name}`).join('\n')}
`,
    )
    execFileSync('/usr/sbin/postmap', ['-c', etc, `hash:${map}`])
    return cleanedUp(await start('/usr/sbin/postfix', ['-c', etc, 'start-fg'], port), directory)
  },
}

/** Haraka with queue/smtp_proxy; HARAKA names the directory it is installed in. */
const haraka: Peer = {
  name: 'Haraka, queue/smtp_proxy',
  missing: () => (existsSync(harakaMain()) ? null : 'HARAKA does not name the directory of an installed Haraka'),
  async start(upstreamPort) {
    const port = await freePort()
    const directory = mkdtempSync(join(tmpdir(), 'bench-haraka-'))
    for (const name of ['config', 'queue', 'plugins']) mkdirSync(join(directory, name))
    const settings = {
      plugins: 'relay\naccess\nqueue/smtp_proxy\n',
      'smtp.ini': `listen=127.0.0.1:${port}\n`,
      'log.ini': '[main]\nlevel=warn\n',
      'relay.ini': '[relay]\nacl=true\n',
      relay_acl_allow: '127.0.0.0/8\n',
      'access.ini': '[check]\nconn=false\nmail=false\nany=false\nrcpt=true\n',
      'rcpt_to.access.blacklist': `${blacklist.join('\n')}\n`,
      'smtp_proxy.ini': `host=127.0.0.1\nport=${upstreamPort}\nenable_outbound=true\nmax_connections=1000\n`,
      me: 'relay.bench.test\n',
      strict_rfc1869: '0\n',
    }
    for (const [name, text] of Object.entries(settings)) writeFileSync(join(directory, 'config', name), text)
    // As `haraka -i` does: without them it runs on other defaults than a user's.
    for (const name of ['connection.ini', 'outbound.ini'])
      copyFileSync(join(dirname(harakaMain()), '../config', name), join(directory, 'config', name))
    return cleanedUp(await start(process.execPath, [harakaMain(), '-c', directory], port, directory), directory)
  },
}

/** nginx as a mail proxy: it looks nothing up; the ceiling of a proxy that reads SMTP. NGINX_PROGRAM and NGINX_MODULES name another place than the usual. */
const nginx: Peer = {
  name: 'nginx mail proxy (no lookup)',
  missing: () => [nginxProgram(), nginxMailModule()].filter(file => !existsSync(file)).map(file => `no ${file}`)[0] ?? null,
  async start(upstreamPort) {
    const [port, authPort] = [await freePort(), await freePort()]
    const directory = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
    const auth = `add_header Auth-Status OK; add_header Auth-Server 127.0.0.1; add_header Auth-Port ${upstreamPort}; return 204;`
    writeFileSync(
      join(directory, 'nginx.conf'),
      `worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/error.log error;
load_module ${nginxMailModule()};
events { worker_connections 8000; }
http {
  access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen 127.0.0.1:${authPort}; location / { ${auth} } }
}
mail {
  server_name relay.bench.test;
  auth_http 127.0.0.1:${authPort}/;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    protocol smtp; smtp_auth none; xclient off; proxy on; proxy_buffer 64k;
    smtp_capabilities "PIPELINING" "SIZE 104857600" "8BITMIME";
  }
}
`,
    )
    const args = ['-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log'), '-g', 'daemon off;']
    return cleanedUp(await start(nginxProgram(), args, port), directory)
  },
}

export const peers: readonly Peer[] = [postfix, haraka, nginx]

function harakaMain(): string {
  return join(process.env.HARAKA ?? '', 'node_modules/Haraka/bin/haraka')
}

function nginxProgram(): string {
  return process.env.NGINX_PROGRAM ?? '/usr/sbin/nginx'
}

function nginxMailModule(): string {
  return join(process.env.NGINX_MODULES ?? '/usr/lib/nginx/modules', 'ngx_mail_module.so')
}

function cleanedUp(running: Running, directory: string): Running {
  return {
    ...running,
    async stop() {
      await running.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
