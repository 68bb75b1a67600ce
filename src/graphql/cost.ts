import { builder } from './builder.ts';
import type { Estimate, PriceSource, PriceUnit } from '../catalog/prices.ts';

const PriceUnitEnum = builder.enumType('PriceUnit', {
  description: 'Unit of a price.',
  values: {
    STEP: { description: 'A training step.' },
    RUN: { description: 'A training of 1000 steps.' },
    MEGAPIXEL: { description: '1024 × 1024 pixels, rounded up for each image.' },
    IMAGE: { description: 'An image of any size.' },
  } satisfies Record<PriceUnit, object>,
});

const PriceSourceEnum = builder.enumType('PriceSource', {
  description: 'Source of a price.',
  values: {
    MODEL_PAGE: { description: 'The endpoint’s page at fal.' },
    THIRD_PARTY: { description: 'A third party, such as another customer of fal.' },
  } satisfies Record<PriceSource, object>,
});

export const CostEstimate = builder.objectRef<Estimate>('CostEstimate').implement({
  description: 'Estimated cost of a run. fal’s invoice takes precedence.',
  fields: (t) => ({
    usd: t.float({ description: 'Cost in US dollars.', resolve: ({ microUsd }) => inUsd(microUsd) }),
    quantity: t.exposeFloat('quantity', { description: 'Number of units.' }),
    unit: t.field({
      type: PriceUnitEnum,
      description: 'Unit of the price.',
      resolve: ({ price }) => price.unit,
    }),
    usdPerUnit: t.float({
      description: 'Price of one unit in US dollars.',
      resolve: ({ price }) => inUsd(price.microUsd),
    }),
    source: t.field({
      type: PriceSourceEnum,
      description: 'Source of the price.',
      resolve: ({ price }) => price.source,
    }),
    date: t.field({
      type: 'Date',
      description: 'Day on which the source was read.',
      resolve: ({ price }) => price.date,
    }),
  }),
});

/** Counted in whole millionths, so that it is exact until here. */
export function inUsd(microUsd: number): number {
  return microUsd / 1_000_000;
}
