import { expect, test } from 'vitest';
import { percentFromLogs } from '../../src/fal/progress.ts';

test.each<[string, number]>([
  [' 45%|████▌     | 450/1000 [01:00<01:13,  7.50it/s]', 45],
  ['train:  45%|####5     | 450/1000 [01:00<01:13, 7.5it/s, loss=0.1]', 45],
  ['  0%|          | 0/2500 [00:00<?, ?it/s]', 0],
  ['100%|██████████| 2500/2500 [40:00<00:00,  1.04it/s]', 100],
  ['Steps:  99%|█████████▉| 2499/2500 [39:59<00:00]', 99],
  ['step 450/1000', 45],
  ['Step 450 / 1000, loss 0.05', 45],
  ['step: 450/1000', 45],
  ['Step [450/1000]', 45],
  ['steps 450 of 1000', 45],
  ['Training 450/1000', 45],
  ['progress: 450 of 1000', 45],
  ['iteration 1/3', 33],
  ['iter 2/3', 66],
  ['epoch 3/10 step 450/1000', 45],
  ['progress: 45.2%', 45],
  ['Training (45%)', 45],
  ['45 %', 45],
  ['progress: 0.9%', 0],
  ['progress: 100%', 100],
])('%j reports %i percent', (line, percent) => {
  expect(percentFromLogs([line])).toBe(percent);
});

test.each([
  '',
  'Loading pipeline components',
  'step',
  'step 0/0',
  '450it [00:10, 45.00it/s]',
  'learning rate 0.0005',
  'epoch 3/10',
  'downloaded 3/10 files',
  '2026-10-05 12/31',
  'progress: 101%',
  'progress: 1000%',
])('%j reports no progress', (line) => {
  expect(percentFromLogs([line])).toBeNull();
});

// These lines are not about training.
test.each(['GPU memory used: 98%', 'Using 50% of the photos as a check', 'resized to 75%', '-5% loss'])(
  '%j is not progress',
  (line) => {
    expect(percentFromLogs([line])).toBeNull();
  },
);

test('the newest line with progress counts', () => {
  expect(percentFromLogs(['step 100/1000', 'step 200/1000', 'saving a checkpoint'])).toBe(20);
  expect(percentFromLogs([])).toBeNull();
});

test('the last rewrite of a progress bar counts', () => {
  expect(
    percentFromLogs(['  1%|          | 10/1000\r  2%|▏         | 20/1000\r  3%|▎         | 30/1000']),
  ).toBe(3);
  expect(percentFromLogs(['step 10/1000\nstep 20/1000\r\n'])).toBe(2);
  expect(percentFromLogs(['\r 7%|▋         | 7/100\r'])).toBe(7);
});

test('a count above its total is not progress', () => {
  expect(percentFromLogs(['step 1001/1000'])).toBeNull();
  expect(percentFromLogs(['step 1000/1000'])).toBe(100);
});
