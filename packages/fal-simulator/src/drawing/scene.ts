import { hsl, type Colour } from './colour.ts';
import { diceOf, type Dice } from './dice.ts';

export type Place =
  'plain' | 'studio' | 'forest' | 'sea' | 'mountains' | 'city' | 'room' | 'space' | 'snow' | 'flowers';
export type Time = 'day' | 'dawn' | 'golden' | 'night';
export type Cloth = 'tee' | 'vee' | 'turtleneck' | 'blazer' | 'hoodie';
export type Mood = 'smile' | 'laugh' | 'serious';

/** What changes from image to image: light, place, clothes, pose. */
export type Scene = {
  place: Place;
  time: Time;
  /** Of the image's own choices, such as the colours of a plain background. */
  hue: number;
  cloth: Cloth;
  clothColour: Colour;
  mood: Mood;
  /** -1 light from the left, 1 from the right. */
  light: number;
  /** Of the face, in thousandths of the image's height. */
  x: number;
  turn: number;
  /** Degrees. */
  tilt: number;
  dice: Dice;
};

const PLACES: readonly (readonly [Place, RegExp])[] = [
  ['space', /\b(space|astronaut|stars?|galaxy|moon|planet|sci-?fi)\b/],
  ['snow', /\b(snow\w*|winter|ski\w*|ice|christmas)\b/],
  ['sea', /\b(sea|beach|ocean|coast|surf\w*|lake|harbou?r|sailing|island)\b/],
  ['mountains', /\b(mountains?|alps?|hik\w+|desert|hills?|valley|cliff)\b/],
  ['forest', /\b(forest|woods?|trees?|jungle|nature|outdoors?|park)\b/],
  ['flowers', /\b(flowers?|garden|spring|meadow|blossoms?|roses?)\b/],
  ['city', /\b(city|street|skyline|urban|tokyo|paris|london|berlin|york|rooftop|neon|cyberpunk)\b/],
  [
    'room',
    /\b(room|home|indoors?|caf[eé]|coffee|tea|library|books?|kitchen|restaurant|office|desk|window)\b/,
  ],
  ['studio', /\b(studio|headshots?|linkedin|corporate|business|passport|professional|cv|soft light)\b/],
];

const TIMES: readonly (readonly [Time, RegExp])[] = [
  ['night', /\b(night|midnight|neon|moonlight|dark|evening|cyberpunk|space|astronaut)\b/],
  ['dawn', /\b(dawn|sunrise|morning|dusk|pastel)\b/],
  ['golden', /\b(golden|sunset|warm|autumn|fall|candle\w*|desert)\b/],
];

const CLOTHES: readonly (readonly [Cloth, RegExp])[] = [
  ['blazer', /\b(suit|blazer|business|linkedin|corporate|office|professional|headshots?|formal|tie|ceo)\b/],
  ['hoodie', /\b(hoodie|street|cyberpunk|sport\w*|gamer|astronaut|hik\w+)\b/],
  ['turtleneck', /\b(turtleneck|sweater|jumper|knit\w*|pullover|snow\w*|winter|coat|autumn)\b/],
  ['tee', /\b(t-?shirt|tee|summer|beach|surf\w*)\b/],
];

const MOODS: readonly (readonly [Mood, RegExp])[] = [
  ['laugh', /\b(laugh\w*|happy|joy\w*|grin\w*|cheerful)\b/],
  ['serious', /\b(serious|stern|passport|moody|dramatic|noir)\b/],
  ['smile', /\b(smil\w*|friendly)\b/],
];

const COLOURS: readonly (readonly [Colour, RegExp])[] = [
  ['#c03a37', /\bred\b/],
  ['#d9772f', /\borange\b/],
  ['#e0b23c', /\byellow\b/],
  ['#3f7d58', /\bgreen\b/],
  ['#2a7f80', /\bteal\b/],
  ['#35619f', /\bblue\b/],
  ['#25355c', /\bnavy\b/],
  ['#6d4a94', /\bpurple\b/],
  ['#d9809a', /\bpink\b/],
  ['#ece8e1', /\bwhite\b/],
  ['#2a282f', /\bblack\b/],
  ['#7b7d85', /\bgr[ea]y\b/],
  ['#7a5238', /\bbrown\b/],
  ['#cfb795', /\bbeige\b/],
];

const CLOTH_COLOURS: readonly Colour[] = [
  '#2f4858',
  '#33658a',
  '#86a59c',
  '#b5544a',
  '#d98f4e',
  '#7a5c85',
  '#49695c',
  '#e2d3ba',
  '#3b3a4a',
  '#a4496a',
];

/** Words as they are at the start of the prompt; a longer one is as good as another of the same start. */
const LONGEST_READ = 2_000;

export function sceneOf(prompt: string, seed: number, index: number, model: string): Scene {
  const dice = diceOf('scene', prompt, seed, index, model);
  const words = prompt.slice(0, LONGEST_READ).toLowerCase();
  const named = <Kind>(rules: readonly (readonly [Kind, RegExp])[]) =>
    rules.find(([, pattern]) => pattern.test(words))?.[0];
  const hue = dice.next();
  const anyCloth = dice.pick(['tee', 'vee', 'turtleneck', 'hoodie', 'blazer', 'tee'] as const);
  const anyColour = dice.pick(CLOTH_COLOURS);
  const anyMood = dice.pick(['smile', 'smile', 'laugh', 'serious'] as const);
  const cloth = named(CLOTHES) ?? anyCloth;
  const ownColour = cloth === 'blazer' ? hsl(0.6 + hue * 0.1, 0.25, 0.26) : anyColour;
  return {
    place: named(PLACES) ?? 'plain',
    time: named(TIMES) ?? 'day',
    hue,
    cloth,
    clothColour: named(COLOURS) ?? ownColour,
    mood: named(MOODS) ?? anyMood,
    light: dice.pick([-1, 1]),
    x: dice.between(-26, 26),
    turn: dice.between(-13, 13),
    tilt: dice.between(-5, 5),
    dice,
  };
}
