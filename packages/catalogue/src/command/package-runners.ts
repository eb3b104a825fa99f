import type { PackageReference } from "./package-reference.ts";

/** A program that fetches a package and runs it. */
export interface PackageRunner {
  readonly program: string;
  /** Words that must follow it, in one of these ways. */
  readonly words: readonly (readonly string[])[];
  readonly registry: PackageReference["registry"];
  /** Options without a value. */
  readonly bare: ReadonlySet<string>;
  /** Options that take the next word with them, or what follows their `=`. */
  readonly valued: ReadonlySet<string>;
  /** Options whose value is the package. */
  readonly named: ReadonlySet<string>;
}

type Options = Pick<PackageRunner, "registry" | "bare" | "valued" | "named">;

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/).filter((word) => word !== ""));
}

const NPM: Options = {
  registry: "npm",
  bare: setOf(`-- -y --yes --no --no-install -q --quiet -s --silent -d -dd -ddd --verbose --bun
    --prefer-offline --prefer-online --offline --ignore-existing --ignore-scripts --no-audit --no-fund -f --force
    -g --global -ws --workspaces --no-color --no-update-notifier --legacy-peer-deps --strict-ssl --no-strict-ssl`),
  valued:
    setOf(`-c --call -w --workspace --registry --cache --prefix --userconfig --globalconfig --loglevel --shell
    --script-shell --node-options --cwd -C --dir --allow-build --reporter`),
  named: setOf("-p --package"),
};
const UV: Options = {
  registry: "pypi",
  bare: setOf(`-- -q -qq --quiet -v -vv --verbose --refresh --isolated --offline --no-cache -n --no-config --no-progress
    --no-index --no-build --no-binary --no-sources --upgrade -U --reinstall --native-tls --system-certs
    --compile-bytecode --managed-python --no-managed-python --no-python-downloads --no-env-file --no-build-isolation`),
  valued:
    setOf(`-p --python -w --with --with-editable --with-requirements --index --default-index -i --index-url
    --extra-index-url -f --find-links -P --upgrade-package --refresh-package --reinstall-package --prerelease
    --resolution --cache-dir --directory --project --config-file --env-file --color --python-preference
    --python-platform --torch-backend --exclude-newer --index-strategy --keyring-provider --link-mode
    -C --config-setting -c --constraints -b --build-constraints --overrides --allow-insecure-host
    --no-build-package --no-binary-package`),
  named: setOf("--from"),
};
const PIPX: Options = {
  registry: "pypi",
  bare: setOf("-- -q --quiet -v --verbose --no-cache --pypackages --system-site-packages"),
  valued: setOf("--python --pip-args -i --index-url --backend --with"),
  named: setOf("--spec"),
};
const CONTAINER: Options = {
  registry: "oci",
  bare: setOf(`-- -i -t -it -ti -d --detach --rm --init --interactive --tty --privileged --read-only -P --publish-all -q
    --quiet --no-healthcheck --oom-kill-disable --sig-proxy`),
  valued:
    setOf(`-a --attach -e --env --env-file -v --volume --volumes-from --mount --tmpfs --name --network --net
    --network-alias --ip -p --publish --expose -u --user --userns -w --workdir --entrypoint --platform --pull
    -l --label --label-file --add-host -h --hostname --dns --dns-search --mac-address --link -m --memory --memory-swap
    --cpus -c --cpu-shares --cpuset-cpus --gpus --device --security-opt --cap-add --cap-drop --group-add --ulimit
    --pids-limit --shm-size --restart --stop-signal --stop-timeout --log-driver --log-opt --health-cmd --runtime --ipc
    --pid --uts --cgroupns --cgroup-parent --cidfile --isolation --storage-opt --sysctl --volume-driver
    --annotation --secret`),
  named: new Set(),
};

export const PACKAGE_RUNNERS: readonly PackageRunner[] = [
  { program: "npx", words: [[]], ...NPM },
  { program: "pnpx", words: [[]], ...NPM },
  { program: "bunx", words: [[]], ...NPM },
  { program: "bun", words: [["x"]], ...NPM },
  { program: "npm", words: [["exec"], ["x"]], ...NPM },
  { program: "pnpm", words: [["dlx"], ["exec"]], ...NPM },
  { program: "yarn", words: [["dlx"]], ...NPM },
  { program: "uvx", words: [[]], ...UV },
  { program: "uv", words: [["tool", "run"]], ...UV },
  { program: "pipx", words: [["run"]], ...PIPX },
  { program: "docker", words: [["run"], ["container", "run"]], ...CONTAINER },
  { program: "podman", words: [["run"], ["container", "run"]], ...CONTAINER },
];
