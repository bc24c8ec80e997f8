/** `draw(scene)`: a dashboard as Grafana lays it out, at the width of the window. */
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';

import { type GrafanaTheme2, type TimeRange, ThemeContext, createTheme, dateTime } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { framesOf } from './frames';
import { Visualization } from './panels';
import type { Panel, Scene } from './scene';

const COLUMNS = 24;
const ROW = 30;
const GAP = 8;

function Dashboard({ scene, theme }: { scene: Scene; theme: GrafanaTheme2 }) {
  const from = dateTime(scene.from * 1000);
  const to = dateTime(scene.to * 1000);
  const range: TimeRange = { from, to, raw: { from, to } };
  const { dashboard } = scene;
  const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <>
      <h1>{dashboard.title}</h1>
      <main style={{ height: rows * (ROW + GAP) }}>
        {dashboard.panels.map((panel) => (
          <Place key={panel.id} panel={panel} scene={scene} range={range} theme={theme} />
        ))}
      </main>
    </>
  );
}

function Place({ panel, scene, range, theme }: { panel: Panel; scene: Scene; range: TimeRange; theme: GrafanaTheme2 }) {
  const { x, y, w, h } = panel.gridPos;
  const column = (innerWidth - GAP) / COLUMNS;
  const [width, height] = [w * column - GAP, h * (ROW + GAP) - GAP];
  const place = { position: 'absolute', left: GAP + x * column, top: y * (ROW + GAP), width, height } as const;
  if (panel.type === 'row') {
    return <h2 style={place}>{panel.title}</h2>;
  }
  return (
    <section style={place} data-title={panel.title}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(width, height) => <Visualization panel={panel} frames={framesOf(panel, scene, theme)} marks={scene.marks} width={width} height={height} range={range} theme={theme} />}
      </PanelChrome>
    </section>
  );
}

function draw(scene: Scene): void {
  const theme = createTheme({ colors: { mode: scene.dark ? 'dark' : 'light' } });
  const { colors, typography } = theme;
  document.body.style.cssText = `background: ${colors.background.canvas}; color: ${colors.text.primary}; font: ${typography.body.fontSize} ${typography.fontFamily}`;
  flushSync(() => {
    createRoot(document.getElementById('dashboard')!).render(
      <ThemeContext.Provider value={theme}>
        <Dashboard scene={scene} theme={theme} />
      </ThemeContext.Provider>,
    );
  });
}

Object.assign(window, { draw });
