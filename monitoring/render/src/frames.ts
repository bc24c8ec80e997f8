/** Answers as Grafana's data frames, with the panel's settings for each field. */
import {
  type DataFrame,
  type Field,
  type FieldConfig,
  FieldColorModeId,
  FieldType,
  type GrafanaTheme2,
  getDisplayProcessor,
  getFieldDisplayName,
  standardTransformers,
} from '@grafana/data';
import { of } from 'rxjs';

import type { Answer, Panel, Rows, Scene, Series, Target } from './scene';

const { organizeFieldsTransformer: ORGANIZE } = standardTransformers;
export function framesOf(panel: Panel, scene: Scene, theme: GrafanaTheme2): DataFrame[] {
  const made = (scene.answers[panel.id] ?? []).flatMap((answer) => read(panel, answer, scene.step));
  const frames = made.length > 0 ? transformed(made, panel) : made;
  const values = frames.flatMap((frame) => frame.fields.filter((field) => field.name !== 'Time'));
  values.forEach((field, index) => dress(field, index, panel, frames, theme));
  return frames;
}

function read(panel: Panel, answer: Answer, step: number): DataFrame[] {
  const target = panel.targets.find((one) => one.refId === answer.refId)!;
  if (answer.table) {
    return [rows(answer.table)];
  }
  const found = answer.series ?? [];
  return target.format === 'table' ? labels(found) : found.map((one) => series(one, target, step));
}

function series(one: Series, target: Target, step: number): DataFrame {
  const points = one.values ?? (one.value ? [one.value] : []);
  const time = points.map(([at]) => at * 1000);
  const fields: Field[] = [
    { name: 'Time', type: FieldType.time, values: time, config: { interval: step * 1000 } },
    {
      name: 'Value',
      type: FieldType.number,
      // As Grafana's own panel has it: what is not a number is not there.
      values: points.map(([, value]) => (value === 'NaN' ? null : Number(value))),
      config: { displayNameFromDS: legend(one.metric, target.legendFormat ?? '__auto') },
      labels: one.metric,
    },
  ];
  return { name: target.refId, refId: target.refId, fields, length: points.length };
}

function legend(metric: Record<string, string>, format: string): string {
  return format === '__auto' ? '' : format.replace(/{{\s*(\w+)\s*}}/g, (_, name) => metric[name] ?? '');
}

/** A row for each series, a column for each of its labels. */
function labels(found: Series[]): DataFrame[] {
  const names = [...new Set(found.flatMap((one) => Object.keys(one.metric)))];
  const fields: Field[] = names.map((name) => text(name, found.map((one) => one.metric[name] ?? '')));
  const value = found.map((one) => Number(one.value?.[1]));
  fields.push({ name: 'Value', type: FieldType.number, values: value, config: {} });
  return found.length > 0 ? [{ fields, length: found.length }] : [];
}

function rows(table: Rows): DataFrame {
  const fields = table.columns.map((name, index) => {
    const values = table.rows.map((row) => row[index] ?? null);
    const said = values.filter((value) => value !== null);
    const numeric = said.length > 0 && said.every((value) => typeof value === 'number');
    const type = table.times.includes(name) ? FieldType.time : numeric ? FieldType.number : FieldType.string;
    return { name, type, values, config: {} };
  });
  return { fields, length: table.rows.length };
}

function text(name: string, values: string[]): Field {
  return { name, type: FieldType.string, values, config: {} };
}

function transformed(frames: DataFrame[], panel: Panel): DataFrame[] {
  let made = frames;
  for (const { id, options } of panel.transformations ?? []) {
    if (id !== ORGANIZE.id) {
      throw new Error(`a transformation that is not known here: ${id}`);
    }
    of(made).pipe(ORGANIZE.operator(options, { interpolate: String })).subscribe((done) => (made = done));
  }
  return made;
}

function dress(field: Field, index: number, panel: Panel, frames: DataFrame[], theme: GrafanaTheme2): void {
  const { defaults, overrides } = panel.fieldConfig;
  // A dashboard's file says null where minus infinity is meant.
  const steps = defaults.thresholds?.steps.map((one) => ({ ...one, value: one.value ?? -Infinity }));
  const plugin: FieldConfig = panel.type === 'timeseries' ? { color: { mode: FieldColorModeId.PaletteClassic } } : {};
  const own: FieldConfig = { ...plugin, ...structuredClone(defaults), ...field.config };
  if (own.thresholds && steps) {
    own.thresholds = { ...own.thresholds, steps };
  }
  own.custom = { ...own.custom };
  for (const override of overrides) {
    if (applies(override.matcher, field)) {
      override.properties.forEach(({ id, value }) => set(own, id, value));
    }
  }
  field.config = own;
  field.state = { ...field.state, seriesIndex: index };
  field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
  field.state.displayName = getFieldDisplayName(field, frames.find((one) => one.fields.includes(field)), frames);
}

function applies(matcher: { id: string; options?: unknown }, field: Field): boolean {
  const name = field.config.displayNameFromDS || field.name;
  if (matcher.id === 'byRegexp') {
    return new RegExp(String(matcher.options).replace(/^\/|\/$/g, '')).test(name);
  }
  return matcher.id === 'byName' && matcher.options === name;
}

/** `custom.width` is config.custom.width. */
function set(config: FieldConfig, path: string, value: unknown): void {
  const [key, inner] = path.split('.') as [string, string?];
  const target = (inner ? config.custom : config) as Record<string, unknown>;
  target[inner ?? key] = value;
}
