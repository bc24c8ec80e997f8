/** One panel by its type, each drawn by the component that Grafana itself draws it with, where its packages have it. */
import { type DataFrame, type Field, type GrafanaTheme2, type TimeRange, FieldType, VizOrientation } from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

import type uPlot from 'uplot';

import { HeatMap } from './heatmap';
import type { Mark, Panel } from './scene';

export interface Drawn {
  panel: Panel;
  frames: DataFrame[];
  marks: Mark[];
  width: number;
  height: number;
  range: TimeRange;
  theme: GrafanaTheme2;
}

export function Visualization(drawn: Drawn) {
  const { panel, frames } = drawn;
  const Kind = KINDS[panel.type];
  if (!Kind) {
    throw new Error(`no component for panels of type ${panel.type}`);
  }
  // A stat shows the missing itself.
  if (frames.every((frame) => frame.length === 0) && panel.type !== 'stat') {
    return <div className="nothing">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  }
  return <Kind {...drawn} />;
}

const KINDS: Record<string, (drawn: Drawn) => React.JSX.Element> = {
  bargauge: Bars,
  heatmap: HeatMap,
  stat: Stat,
  table: Listing,
  timeseries: Lines,
};

const NUMBERS = (frame: DataFrame): Field[] => frame.fields.filter((field) => field.type === FieldType.number);

function Stat({ panel, frames, width, height, theme }: Drawn) {
  const fields = frames.flatMap(NUMBERS);
  const shown = fields.length > 0 ? fields.map((field) => last(field)) : [{ text: panel.fieldConfig.defaults.noValue ?? '', numeric: NaN, color: theme.colors.text.disabled }];
  return (
    <VizRepeater
      getValues={() => shown}
      source={frames}
      renderCounter={0}
      width={width}
      height={height}
      orientation={VizOrientation.Auto}
      renderValue={({ value, width, height, count }) => (
        <BigValue {...panel.options} value={value} count={count} width={width} height={height} theme={theme} colorMode={panel.options['colorMode']!} graphMode={panel.options['graphMode']!} />
      )}
    />
  );
}

function Bars({ panel, frames, width, height, theme }: Drawn) {
  return (
    <VizRepeater
      getValues={() => frames.flatMap(NUMBERS)}
      source={frames}
      renderCounter={0}
      width={width}
      height={height}
      orientation={panel.options['orientation']!}
      minVizHeight={panel.options['minVizHeight']}
      maxVizHeight={panel.options['maxVizHeight']}
      itemSpacing={10}
      renderValue={({ value: field, width, height }) => (
        <BarGauge
          {...panel.options}
          value={{ ...last(field), title: field.state?.displayName ?? '' }}
          field={field.config}
          display={field.display!}
          width={width}
          height={height}
          orientation={panel.options['orientation']!}
          displayMode={panel.options['displayMode']!}
          valueDisplayMode={panel.options['valueMode']}
          theme={theme}
        />
      )}
    />
  );
}

function last(field: Field) {
  return field.display!(field.values.at(-1));
}

function Lines({ panel, frames, marks, width, height, range, theme }: Drawn) {
  return (
    <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={panel.options['legend']!} options={panel.options} {...{ theme }}>
      {(builder) => {
        builder.addHook('draw', (plot) => marks.forEach((mark) => annotate(plot, mark, theme)));
        return null;
      }}
    </TimeSeries>
  );
}

/** As Grafana's annotations look: a dashed line, and a triangle below it. */
function annotate({ ctx, bbox, valToPos }: uPlot, { color, at }: Mark, theme: GrafanaTheme2): void {
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = theme.visualization.getColorByName(color);
  ctx.lineWidth = 2;
  ctx.setLineDash([5, 5]);
  const foot = bbox.top + bbox.height;
  for (const time of at) {
    const x = valToPos(time * 1000, 'x', true);
    ctx.stroke(new Path2D(`M ${x} ${bbox.top} V ${foot}`));
    ctx.fill(new Path2D(`M ${x} ${foot} l -5 6 h 10 z`));
  }
  ctx.restore();
}

function Listing({ panel, frames, width, height }: Drawn) {
  return <TableNG {...panel.options} data={frames[0]!} width={width} height={height} noValue={panel.fieldConfig.defaults.noValue} enableVirtualization={false} />;
}
