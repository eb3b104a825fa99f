/** The content type of the text that {@link Metrics.text} gives. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What Prometheus reads, in its text format 0.0.4. A metric is raised on the line, so raising one costs little. */
export class Metrics {
  readonly #writers: (() => string)[] = [];

  counter(name: string, help: string, labels: readonly string[]): Counter {
    const counter = new Counter(name, labels);
    this.#add(name, "counter", help, () => counter.lines());
    return counter;
  }

  histogram(name: string, help: string, label: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram(name, label, bounds);
    this.#add(name, "histogram", help, () => histogram.lines());
    return histogram;
  }

  /** A figure that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    this.#add(name, "gauge", help, () => [`${name} ${read()}`]);
  }

  text(): string {
    return this.#writers.map((write) => write()).join("\n");
  }

  #add(name: string, type: string, help: string, lines: () => readonly string[]): void {
    const head = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
    this.#writers.push(() => `${[...head, ...lines()].join("\n")}\n`);
  }
}

/** A number for each combination of label values. */
export class Counter {
  readonly #name: string;
  readonly #labels: readonly string[];
  /** By the value of the first label, then of the second: a key of both would be made and hashed for every call. */
  readonly #series = new Map<string, Map<string, number>>();

  /** One label, or two. */
  constructor(name: string, labels: readonly string[]) {
    this.#name = name;
    this.#labels = labels;
  }

  /** One value for each label, in their order. */
  raise(first: string, second = ""): void {
    let counts = this.#series.get(first);
    if (counts === undefined) {
      counts = new Map();
      this.#series.set(first, counts);
    }
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }

  lines(): readonly string[] {
    return [...this.#series].flatMap(([first, counts]) =>
      [...counts].map(([second, count]) => {
        const shown = this.#labels.map((label, at) => `${label}="${escaped(at === 0 ? first : second)}"`);
        return `${this.#name}{${shown.join(",")}} ${count}`;
      }),
    );
  }
}

/** How many values lay under each bound, for each value of one label. */
export class Histogram {
  readonly #name: string;
  readonly #label: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, label: string, bounds: readonly number[]) {
    this.#name = name;
    this.#label = label;
    this.#bounds = bounds;
  }

  observe(labelValue: string, value: number): void {
    let series = this.#series.get(labelValue);
    if (series === undefined) {
      series = { counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(labelValue, series);
    }
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at += 1;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.sum += value;
  }

  lines(): readonly string[] {
    return [...this.#series].flatMap(([value, { counts, sum }]) => {
      const label = `${this.#label}="${escaped(value)}"`;
      let total = 0;
      const buckets = counts.map((count, at) => {
        total += count;
        return `${this.#name}_bucket{le="${this.#bounds[at] ?? "+Inf"}",${label}} ${total}`;
      });
      return [...buckets, `${this.#name}_sum{${label}} ${sum}`, `${this.#name}_count{${label}} ${total}`];
    });
  }
}

interface Series {
  /** Those up to each bound and above the one before it; the last are above all. */
  readonly counts: number[];
  sum: number;
}

function escaped(labelValue: string): string {
  return labelValue.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
}
