/** uPlot as the page loads it: a script that leaves one global. */
import type uPlotModule from 'uplot'

declare global {
  const uPlot: typeof uPlotModule & { paths: { bars: NonNullable<uPlotModule.Series.PathBuilderFactories['bars']> } }
}
