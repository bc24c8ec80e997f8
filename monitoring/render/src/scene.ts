/** What is handed to the page: a committed dashboard, and what its queries were answered. */
import type { FieldConfig, FieldConfigSource, DataTransformerConfig } from '@grafana/data';

export interface Target {
  refId: string;
  legendFormat?: string;
  format?: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: FieldConfigSource<Record<string, unknown>> & { defaults: FieldConfig };
  options: Record<string, never>;
  targets: Target[];
  transformations?: DataTransformerConfig[];
}

export interface Dashboard {
  title: string;
  panels: Panel[];
}

/** One series of Prometheus: `values` over time, or the `value` of this moment. */
export interface Series {
  metric: Record<string, string>;
  values?: Array<[number, string]>;
  value?: [number, string];
}

/** Rows of a statement. */
export interface Rows {
  columns: string[];
  times: string[];
  rows: Array<Array<string | number | null>>;
}

export interface Answer {
  refId: string;
  series?: Series[];
  table?: Rows;
}

/** When something happened: what Grafana draws over every panel with a time axis. */
export interface Mark {
  color: string;
  /** Seconds since 1970. */
  at: number[];
}

export interface Scene {
  dashboard: Dashboard;
  /** By the panel's id. */
  answers: Record<string, Answer[]>;
  marks: Mark[];
  /** Seconds since 1970. */
  from: number;
  to: number;
  step: number;
  dark: boolean;
}
