#compdef portcullis
_portcullis() {
  local -a items
  local path_words="" i
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    [[ $words[i] == -* ]] && break
    [[ -n $path_words && " server policy grant log config catalogue " != *" $path_words "* ]] && break
    path_words="${path_words:+$path_words }$words[i]"
  done
  case "$path_words" in
    '') items=('serve:run the gateway' 'run:govern one server over stdio, with no gateway running' 'server:register upstream servers and accept their tools' 'policy:write, test and publish policies' 'grant:give agents tokens, and take them back' 'log:read, export and verify the audit log' 'backup:write databases, checkpoints and configuration to one tar file' 'doctor:check data folder, databases, servers, grants and policies' 'config:look at the configuration' 'completion:print a completion script for bash, zsh or fish' 'classify:say what tools do and how dangerous they are, and why' 'catalogue:look up servers and tools, what they do and how dangerous they are' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'serve') items=('--port:port to listen on; 0 for any (default 7411)' '--host:address to listen on (default 127.0.0.1)' '--admin-port:loopback port of /healthz, /readyz, /metrics (default 7412)' '--public-url:URL under which clients reach the gateway' '--allowed-host:further Host value that is served' '--allowed-origin:browser origin that may call' '--max-body-bytes:largest request body (default 4194304)' '--deadline:longest call of servers added without one (default 55s)' '--audit-retention-days:how long the audit log is kept (default 90)' '--durable:flush every commit to the disk, against power cuts' '--no-demo:do not register the demo server on the first start' '--log-level:trace, debug, info, warn, error, fatal or silent (default info)' '--private-range:private range that servers may have addresses in' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'run') items=('--policy:policy that governs every call' '--url:server to reach over HTTP, instead of a command' '--header:"K\: V" or "K\: env\:NAME", sent to --url' '--env:NAME=value or NAME=env\:OTHER, a variable of the command' '--cwd:folder that the command runs in' '--era:which protocol the server speaks' '--transport:streamable HTTP, or HTTP+SSE of 2024-11-05' '--deadline:longest call, such as 55s (default 55s)' '--on-change:calls of a tool whose definition changed' '--log:append audit rows as JSON lines (default\: standard error)' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'server') items=('add:register a server and take its first tool list' 'list:list the registered servers' 'tools:list the tools of a server and what changed since they were accepted' 'accept-tools:accept new, changed and removed tools' 'remove:remove a server; its grants stop working at once') ;;
    'server add') items=('--name:label, a-z, 0-9 and -, at most 64' '--url:MCP endpoint of the server, instead of a command' '--header:"K\: V" or "K\: env\:NAME", sent to --url' '--env:NAME=value or NAME=env\:OTHER, a variable of the command' '--cwd:folder that the command runs in' '--era:which protocol the server speaks' '--transport:streamable HTTP, or HTTP+SSE of 2024-11-05' '--deadline:longest call, such as 55s (default 55s)' '--on-change:calls of a tool whose definition changed' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'server list') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'server tools') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'server accept-tools') items=('--all:accept everything that waits' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'server remove') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy') items=('check:print errors and lint warnings' 'test:run <policy>.test.json or .yaml beside each policy' 'eval:decide calls with the engine of the gateway' 'explain:decide calls and show every rule that was read' 'publish:make a new version of a policy; it governs from the next request on' 'list:list the policies with their newest versions' 'show:print a published policy' 'schema:print the JSON Schema of policies, for editors') ;;
    'policy check') items=('--server:lint against this server'\''s tools' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy test') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy eval') items=('--policy:JSON, JSONC or YAML' '--call:one call {"tool","args"} or an array of them; - reads standard input' '--at:ISO time of the calls (default now)' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy explain') items=('--policy:JSON, JSONC or YAML' '--call:one call {"tool","args"} or an array of them; - reads standard input' '--at:ISO time of the calls (default now)' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy publish') items=('--server:server that the policy is for' '--name:name of the policy' '--note:why, for the list of versions' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy list') items=('--server:only of this server' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy show') items=('--server:server of the policy' '--name:name of the policy' '--version-number:an older version (default\: the newest)' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'policy schema') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'grant') items=('create:make a grant; its token is shown once' 'list:list the grants' 'set:change policy or mode of a grant' 'rotate:replace the token; the old one stops working at once' 'revoke:end a grant at once') ;;
    'grant create') items=('--server:server that the grant may call' '--label:who it is for, a-z, 0-9 and -, at most 64' '--policy:policy that governs; without one every call is denied' '--mode:shadow only records what enforce would do' '--expires:lifetime, such as 12h or 90d (default 90d)' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'grant list') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'grant set') items=('--policy:policy that governs from the next request on' '--mode:shadow only records what enforce would do' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'grant rotate') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'grant revoke') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'log') items=('tail:follow the calls as they are decided' 'export:print every row, one JSON object per line' 'verify:prove that no row was changed, removed or inserted') ;;
    'log tail') items=('--all:also ping and notifications' '--server:only of this server' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'log export') items=('--since:ISO time, or a time ago such as 24h' '--server:only of this server' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'log verify') items=('--checkpoint:a checkpoint kept elsewhere\: proves a cut end too' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'backup') items=('--with-key:put the key file in too\: whoever has it can read every secret' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'doctor') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'config') items=('show:print each value with where it came from') ;;
    'config show') items=('--port:port to listen on; 0 for any (default 7411)' '--host:address to listen on (default 127.0.0.1)' '--admin-port:loopback port of /healthz, /readyz, /metrics (default 7412)' '--public-url:URL under which clients reach the gateway' '--allowed-host:further Host value that is served' '--allowed-origin:browser origin that may call' '--max-body-bytes:largest request body (default 4194304)' '--deadline:longest call of servers added without one (default 55s)' '--audit-retention-days:how long the audit log is kept (default 90)' '--durable:flush every commit to the disk, against power cuts' '--no-demo:do not register the demo server on the first start' '--log-level:trace, debug, info, warn, error, fatal or silent (default info)' '--private-range:private range that servers may have addresses in' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'completion') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'classify') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'catalogue') items=('search:find servers and tools by name, title and description' 'show:show what is known of a server, or of one of its tools' 'sync:take over what a registry says of servers, since the last time' 'introspect:install a server in a throw-away folder, list its tools, keep what it said') ;;
    'catalogue search') items=('--risk:only tools of this risk' '--category:only tools of this category' '--server:only tools of this server' '--limit:at most so many, 1 to 100 (default 20)' '--cursor:go on where the page with this cursor ended' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'catalogue show') items=('--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'catalogue sync') items=('--registry:the registry, without /v0.1' '--full:everything, not only what changed since the last time' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
    'catalogue introspect') items=('--command:which of the package'\''s commands to start' '--data:data folder' '--json:nothing but JSON on standard output' '--help:help') ;;
  esac
  if (( $#items )); then _describe portcullis items || _files; else _files; fi
}
compdef _portcullis portcullis
