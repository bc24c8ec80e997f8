/** Grafana keeps its heat map in the server's code, not in a package: the same cells on its plotting component. */
import { FieldType, getValueFormat, formattedValueToString } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder } from '@grafana/ui';
import { interpolateBlues } from 'd3-scale-chromatic';
import type uPlot from 'uplot';

import type { Drawn } from './panels';

interface Bucket {
  bound: number;
  /** What fell into this bucket alone, by time. */
  counts: Map<number, number>;
}

export function HeatMap({ frames, width, height, range, theme }: Drawn) {
  const buckets = separated(frames);
  const seconds = getValueFormat('s');
  const names = buckets.map(({ bound }) => (isFinite(bound) ? formattedValueToString(seconds(bound)) : '+Inf'));
  const times = [...new Set(buckets.flatMap(({ counts }) => [...counts.keys()]))].sort((a, b) => a - b);
  const builder = new UPlotConfigBuilder('utc');
  builder.addScale({ scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right, range: () => [range.from.valueOf(), range.to.valueOf()] });
  builder.addScale({ scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [-0.5, buckets.length - 0.5] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme });
  builder.addAxis({ scaleKey: 'y', placement: AxisPlacement.Left, theme, splits: () => buckets.map((_, index) => index).filter((index) => index % 2 === 0), values: (_plot: uPlot, at: number[]) => at.map((index) => names[index] ?? '') });
  builder.addSeries({ scaleKey: 'y', theme, lineWidth: 0, pathBuilder: () => null, pxAlign: true });
  builder.addHook('draw', (plot: uPlot) => paint(plot, buckets, times, theme.isDark));
  return <UPlotChart data={[times, times.map(() => null)]} width={width} height={height} config={builder} />;
}

/** Prometheus counts what is below each bound: take away what is below the one before. */
function separated(frames: Drawn['frames']): Bucket[] {
  const below = frames.map((frame) => {
    const value = frame.fields.find((field) => field.type === FieldType.number)!;
    const at = frame.fields.find((field) => field.type === FieldType.time)!.values as number[];
    const bound = value.labels?.['le'] === '+Inf' ? Infinity : Number(value.labels?.['le']);
    return { bound, counts: new Map(at.map((time, index) => [time, value.values[index] as number])) };
  });
  below.sort((a, b) => a.bound - b.bound);
  return below.map(({ bound, counts }, index) => ({
    bound,
    counts: new Map([...counts].map(([time, count]) => [time, count - (below[index - 1]?.counts.get(time) ?? 0)])),
  }));
}

function paint(plot: uPlot, buckets: Bucket[], times: number[], dark: boolean): void {
  const most = Math.max(...buckets.flatMap(({ counts }) => [...counts.values()]), 1);
  const step = Math.min(...times.slice(1).map((time, index) => time - times[index]!));
  const wide = Math.max(plot.valToPos(step, 'x', true) - plot.valToPos(0, 'x', true), 2);
  const high = Math.abs(plot.valToPos(1, 'y', true) - plot.valToPos(0, 'y', true));
  buckets.forEach(({ counts }, index) => {
    for (const [time, count] of counts) {
      if (count > 0) {
        const share = Math.sqrt(count / most);
        plot.ctx.fillStyle = interpolateBlues(dark ? 1 - 0.8 * share : 0.2 + 0.8 * share);
        plot.ctx.fillRect(plot.valToPos(time, 'x', true) - wide, plot.valToPos(index, 'y', true) - high / 2, wide - 1, high - 1);
      }
    }
  });
}
