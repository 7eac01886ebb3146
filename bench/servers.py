"""The servers that are compared, the agent and the load, as processes."""

import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.environ.get('BENCH_BUILD', os.path.join(ROOT, 'build', 'bench'))
MODULE = os.environ.get('THREAD_WS_MODULE',
                        os.path.join(ROOT, 'build', 'ngx_thread_ws_module.so'))
NGINX = os.environ.get('NGINX', '/usr/sbin/nginx')
# another build of it, measured beside this one
BEFORE = os.environ.get('BENCH_BEFORE', '')
SERVER_CORE = os.environ.get('BENCH_SERVER_CORE', '0')
LOAD_CORE = os.environ.get('BENCH_LOAD_CORE', '1')
NICE = os.environ.get('BENCH_NICE', '0')

# settings that make an idle connection small, as docs/performance.md has them
SMALL = ('request_pool_size 2k; connection_pool_size 464; '
         'client_header_buffer_size 512;')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_port(port, process):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f'{process.args} does not listen on {port}')


def start(core, argv, **options):
    process = subprocess.Popen(['nice', '-n', NICE, 'taskset', '-c', core,
                                *argv], start_new_session=True, **options)
    if NICE != '0':
        try:
            # where sessions share the processor, not processes
            with open(f'/proc/{process.pid}/autogroup', 'w') as f:
                f.write(NICE)
        except OSError:
            pass
    return process


def children(pid):
    """pid and all that it started."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f'/proc/{parent}/task'):
                with open(f'/proc/{parent}/task/{task}/children') as f:
                    found += [int(child) for child in f.read().split()]
        except OSError:
            pass
    return found


def cpu_ns(pids):
    """CPU time by the scheduler's own account, of all operating-system
    threads."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir(f'/proc/{pid}/task'):
                with open(f'/proc/{pid}/task/{task}/schedstat') as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def machine():
    """CPU seconds that the whole machine has spent."""
    with open('/proc/stat') as f:
        ticks = [int(n) for n in f.readline().split()[1:]]
    return (sum(ticks[:3]) + sum(ticks[5:7])) / os.sysconf('SC_CLK_TCK')


def kernel():
    """Bytes of the kernel's own memory, and of what waits in its sockets."""
    with open('/proc/meminfo') as f:
        slab = int(re.search(r'Slab:\s+(\d+)', f.read())[1]) * 1024
    with open('/proc/net/sockstat') as f:
        pages = int(re.search(r'TCP:.* mem (\d+)', f.read())[1])
    return slab + pages * os.sysconf('SC_PAGE_SIZE')


class Process:
    def __init__(self, argv, core, **options):
        self.process = start(core, argv, **options)
        self.pid = self.process.pid

    def pids(self):
        return children(self.pid)

    def cpu(self):
        return cpu_ns(self.pids())

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Agent(Process):
    language = None
    deflate = False

    def __init__(self):
        self.port = free_port()
        super().__init__([f'{BUILD}/agent', str(self.port)], LOAD_CORE)
        wait_port(self.port, self.process)

    url = property(lambda self:
                   f'http://127.0.0.1:{self.port}/v1/chat/completions')

    def closed(self):
        """When each run's connection was closed in mid-answer, in ns."""
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
        c.request('GET', '/closed')
        lines = c.getresponse().read().decode().splitlines()
        c.close()
        return dict(tuple(map(int, line.split())) for line in lines)


class Collector(Process):
    def __init__(self):
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}/v1/traces'
        super().__init__([sys.executable, f'{HERE}/collector.py',
                          str(self.port)], LOAD_CORE)
        wait_port(self.port, self.process)


class Postgres(Process):
    """A PostgreSQL with its defaults and the schema, for the time of a run."""

    def __init__(self):
        newest = max(glob.glob('/usr/lib/postgresql/*/bin'),
                     key=lambda path: int(path.split('/')[-2]))
        self.port = free_port()
        self.dir = tempfile.mkdtemp()
        user = []
        if os.getuid() == 0:
            user = ['setpriv', '--reuid=postgres', '--regid=postgres',
                    '--clear-groups']
            shutil.chown(self.dir, 'postgres')
        data = f'{self.dir}/data'
        subprocess.run([*user, f'{newest}/initdb', '-D', data, '-U', 'bench',
                        '-E', 'UTF8', '--locale=C', '--auth=trust'],
                       cwd='/', stdout=subprocess.DEVNULL, check=True)
        with open(f'{self.dir}/log', 'w') as log:
            super().__init__(
                [*user, f'{newest}/postgres', '-D', data, '-k', self.dir,
                 '-h', '127.0.0.1', '-p', str(self.port)],
                LOAD_CORE, cwd='/', stdout=log, stderr=log)
        self.conninfo = f'host=127.0.0.1 port={self.port} user=bench ' \
            'dbname=postgres'
        self.wait(newest)
        with open(f'{ROOT}/conf/schema.sql') as schema:
            subprocess.run([f'{newest}/psql', '-qX', '-v', 'ON_ERROR_STOP=1',
                            self.conninfo], stdin=schema,
                           stdout=subprocess.DEVNULL, check=True)

    def wait(self, bindir):
        """It listens before it is ready."""
        until = time.monotonic() + 30
        while subprocess.run([f'{bindir}/pg_isready', '-q', '-d',
                              self.conninfo], check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f'PostgreSQL: see {self.dir}/log')
            time.sleep(0.02)

    def close(self):
        # its fast shutdown
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        shutil.rmtree(self.dir)


class Server(Process):
    language = None
    deflate = False

    def __init__(self, name, agent, argv, url, port, home):
        self.name = name
        self.url = url
        os.makedirs(home, exist_ok=True)
        with open(f'{home}/log', 'w') as log:
            super().__init__(argv, SERVER_CORE, stdin=subprocess.DEVNULL,
                             stdout=log, stderr=log)
        wait_port(port, self.process)

    def worker_anon(self):
        """Bytes of private memory of the last process, nginx's worker."""
        with open(f'/proc/{self.pids()[-1]}/status') as f:
            return int(re.search(r'RssAnon:\s+(\d+)', f.read())[1]) * 1024


def nginx(name, agent, conf, url, **values):
    port = free_port()
    home = f'{BUILD}/{name}'
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    with open(f'{HERE}/conf/{conf}') as f:
        text = f.read()
    values = {'PORT': port, 'AGENT': agent.port, 'DIR': home,
              'MODULE': MODULE, 'WORKERS': 1, 'LISTEN': '', 'SETTINGS': '',
              **values}
    for key, value in values.items():
        text = text.replace(f'@{key}@', str(value))
    with open(f'{home}/nginx.conf', 'w') as f:
        f.write(text)
    return Server(name, agent, [NGINX, '-c', f'{home}/nginx.conf'],
                  url.replace('@PORT@', str(port)), port, home)


def floor(agent, name='floor', **values):
    return nginx(name, agent, 'floor.conf',
                 'http://127.0.0.1:@PORT@/v1/chat/completions', **values)


def module(agent, name='module', store='thread_ws_store off;', settings='',
           http='', observe='', built=MODULE, **values):
    return nginx(name, agent, 'module.conf',
                 'ws://127.0.0.1:@PORT@/api/chat/ws?threadId=', MODULE=built,
                 STORE=store, SETTINGS=settings, HTTP=http, OBSERVE=observe,
                 **values)


def secured(start, agent):
    """One of the two above, with TLS."""
    path = f'{BUILD}/tls'
    if not os.path.exists(f'{path}.crt'):
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
             '/CN=localhost', '-keyout', f'{path}.key', '-out', f'{path}.crt'],
            stderr=subprocess.DEVNULL, check=True)
    server = start(agent, f'{start.__name__}-tls', LISTEN='ssl',
                   **{'SETTINGS' if start is floor else 'settings':
                      f'ssl_certificate {path}.crt; '
                      f'ssl_certificate_key {path}.key;'})
    server.url = server.url.replace('://', 's://')
    return server


def deflated(agent):
    """The module with every event compressed, on a context."""
    server = module(agent, 'deflated',
                    http='thread_ws_deflate on min_length=1;')
    server.deflate = True
    return server


def several(start, agent, workers):
    return start(agent, f'{start.__name__}-{workers}', WORKERS=workers)


def before(agent, name='before', **settings):
    return module(agent, name, built=BEFORE, **settings)


def watching(name, collector):
    """All there is to see of the module: metrics in a zone, the event log, a
    trace of each run."""
    return f"""thread_ws_zone {name}:64m;
    include {ROOT}/conf/log_format.conf;
    thread_ws_event_log {BUILD}/{name}/events.log;
    thread_ws_trace {collector.url};"""


def everything(name, collector):
    """... and all that it can be asked to do."""
    return f"""{watching(name, collector)}
    thread_ws_resume 1m;
    thread_ws_http on;
    thread_ws_events all;
    thread_ws_deflate on;"""


def observed(agent, collector):
    """The module as it is watched, with an access log of JSON."""
    return module(
        agent, 'observed', http=watching('observed', collector),
        observe=f'access_log {BUILD}/observed/access.log thread_ws buffer=64k;')


def resumed(agent):
    """The module with runs that outlive their sockets."""
    return module(agent, 'resumed', http='thread_ws_zone resumed:64m;\n'
                  '    thread_ws_resume 1m;')


def telling(agent):
    """The module that tells all that an agent says."""
    return module(agent, 'telling', http='thread_ws_events all;')


def twin(agent, name='twin'):
    """The module by HTTP, answering with SSE."""
    server = module(agent, name, http='thread_ws_http on;')
    server.url = server.url.replace('ws://', 'http://')
    server.language = 'thread-ws'
    return server


def ai_sdk(agent):
    """The module speaking to the AI SDK's own WebSocket transport."""
    server = module(agent, 'ai-sdk', http='thread_ws_protocol ai-sdk;')
    server.language = 'ai-sdk'
    return server


def paged(agent):
    """The module with the demo page, for clients that are people's."""
    client = f'{ROOT}/client'
    with open(f'{client}/demo/nginx.conf') as f:
        demo = f.read().replace('@CLIENT@', client)
    server = module(agent, 'paged', http='include /etc/nginx/mime.types;',
                    settings=demo)
    server.url = server.url.split('/api/')[0].replace('ws://', 'http://')
    return server


def stored(agent, postgres):
    """The module with its history in PostgreSQL, for two users."""
    server = module(agent, 'stored', store=f"""
            thread_ws_store "{postgres.conninfo}";
            thread_ws_user $arg_user;""")
    server.busy_url = server.url.replace('?', '?user=busy&')
    server.url = server.url.replace('?', '?user=timed&')
    return server


def node(name, agent):
    port = free_port()
    home = f'{BUILD}/peers'
    server = Server(name, agent, ['node', f'{home}/{name}.mjs', str(port),
                                  str(agent.port)],
                    f'ws://127.0.0.1:{port}/api/chat/ws?threadId=', port,
                    f'{BUILD}/{name}')
    server.language = 'ai-sdk' if name == 'ai' else None
    return server


def stalled(server):
    """A socket whose narrow buffers an endless answer fills."""
    host, _, path = server.url.split('://')[1].partition('/')
    name = f'stalled-{time.monotonic_ns()}'
    head = f' /{path}{name if path.endswith("=") else ""} HTTP/1.1\r\n' \
        f'Host: {host}\r\n'
    text = 'tokens:100000000 gap:0 burst:0 joined:0 stamp:0 run:1'
    body = json.dumps(
        {'model': 'mock', 'stream': True,
         'messages': [{'role': 'user', 'content': text}]}
        if server.language is None and server.url.startswith('http') else
        {'type': 'message', 'requestId': name, 'threadId': name,
         'content': text}).encode()
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.connect((host.split(':')[0], int(host.split(':')[1])))
    if server.url.startswith('http'):
        c.sendall(f'POST{head}Content-Type: application/json\r\n'
                  f'Content-Length: {len(body)}\r\n\r\n'.encode() + body)
        return c
    c.sendall(f'GET{head}Connection: Upgrade\r\nUpgrade: websocket\r\n'
              'Sec-WebSocket-Version: 13\r\n'
              'Sec-WebSocket-Key: dGhyZWFkLXdzLWJlbmNoIQ==\r\n\r\n'.encode())
    c.recv(4096)
    c.sendall(b'\x81\xfe' + len(body).to_bytes(2, 'big') + bytes(4) + body)
    return c
class Client(Process):
    """A client as people have it, and what hearing costs it."""

    def __init__(self, kind, server):
        super().__init__(['node', f'{BUILD}/peers/client.mjs', kind,
                          f'{ROOT}/client', server.url], LOAD_CORE,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)
        self.browses = kind.endswith('page')
        self.line()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError('the client has ended')
        return line

    def pids(self):
        """Of a browser all of its processes, but not who steers it."""
        return super().pids()[1 if self.browses else 0:]

    def phase(self, tokens, gap):
        cpu = self.cpu()
        self.process.stdin.write(f'tokens:{tokens} gap:{gap}\n')
        self.process.stdin.flush()
        heard = int(self.line())
        each = (self.cpu() - cpu) / 1e3 / tokens
        return {'us': each, 'heard': tokens, 'lost': int(heard < tokens),
                'said': f'{each:.0f} us/token'}


class Load:
    """One load process; each phase is measured from its line to its answer."""

    def __init__(self, server, agent, connections, sources=1, url=None):
        self.server = server
        self.agent = agent
        self.process = start(
            LOAD_CORE, [f'{BUILD}/load', url or server.url, str(connections),
                        str(sources),
                        *self.words(server)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opened = json.loads(self.process.stdout.readline() or '{}')
        if self.opened.get('open') != connections:
            self.close()
            raise RuntimeError(f'{server.url}: {self.opened} of {connections}')

    @staticmethod
    def words(server):
        if server.deflate:
            return [server.language or 'thread-ws', 'deflate']
        return [server.language] if server.language else []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def begin(self, tokens=0, gap=0, burst=0, joined=0, stamp=0, runs=0, ms=0,
              over=0, cancel=0, drop=0, follow=0, quiet=0, limit=60):
        self.process.stdin.write(
            f'runs:{runs} seconds:{ms} over:{over} cancel:{cancel} '
            f'drop:{drop} follow:{follow} quiet:{quiet} limit:{limit} '
            f'task:tokens:{tokens} gap:{gap} burst:{burst} joined:{joined} '
            f'stamp:{stamp}\n')
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'{self.server.url}: the load has ended')
        return json.loads(line)

    def phase(self, **task):
        pids = self.server.pids()
        cpu, others = cpu_ns(pids), -machine()
        ours = -cpu - cpu_ns([self.agent.pid, self.process.pid])
        self.begin(**task)
        result = self.end()
        spent = cpu_ns(pids)
        result['cpu'] = spent - cpu
        ours += spent + cpu_ns([self.agent.pid, self.process.pid])
        others += machine() - ours / 1e9
        result['others'] = others / result['seconds']
        result['share'] = result['cpu'] / 1e9 / result['seconds']
        return result
