import { hsl, mix, shade, type Colour } from './colour.ts';
import { downward, glow } from './gradient.ts';
import type { Scene } from './scene.ts';

export type Frame = { left: number; top: number; width: number; height: number };

type Sky = { top: Colour; bottom: Colour; sun: Colour };

const SKIES = {
  day: { top: '#8ec5e0', bottom: '#e9f1e6', sun: '#fff7dc' },
  dawn: { top: '#8fa3cf', bottom: '#fbc9a4', sun: '#fff0cf' },
  golden: { top: '#d9775a', bottom: '#fbd384', sun: '#fff2bd' },
  night: { top: '#141a3d', bottom: '#4a4686', sun: '#f4eed0' },
} as const satisfies Record<Scene['time'], Sky>;

/** Everything behind the person. */
export function place(scene: Scene, frame: Frame): string {
  const sky: Sky = SKIES[scene.time];
  switch (scene.place) {
    case 'plain':
      return plain(scene, frame);
    case 'studio':
      return studio(scene, frame);
    case 'sea':
      return `${heaven(sky, frame)}${sun(scene, sky, 560)}${sea(scene, sky, frame)}`;
    case 'mountains':
      return `${heaven(sky, frame)}${sun(scene, sky, 250)}${ridges(scene, sky, frame, '#5d7087')}`;
    case 'snow':
      return `${heaven(sky, frame)}${sun(scene, sky, 260)}${ridges(scene, sky, frame, '#c6d4e4')}${dots(scene, frame, { count: 60, colour: '#ffffff', from: 4, to: 11, opacity: 0.85 })}`;
    case 'forest':
      return `${heaven({ ...sky, bottom: mix(sky.bottom, '#dfe8b8', 0.4) }, frame)}${sun(scene, sky, 330)}${forest(scene, sky, frame)}`;
    case 'flowers':
      return `${heaven(sky, frame)}${sun(scene, sky, 260)}${ridges(scene, sky, frame, '#86a86a')}${flowers(scene, frame)}`;
    case 'city':
      return `${heaven(sky, frame)}${sun(scene, sky, 280)}${city(scene, sky, frame)}`;
    case 'room':
      return room(scene, frame);
    case 'space':
      return space(scene, frame);
  }
}

function rect({ left, top, width, height }: Frame, fill: string): string {
  return `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${fill}"/>`;
}

function heaven({ top, bottom }: Sky, frame: Frame): string {
  return downward('sky', top, bottom) + rect(frame, 'url(#sky)');
}

function sun({ light, dice, time }: Scene, { sun: colour }: Sky, y: number): string {
  const x = light * dice.between(240, 330);
  const r = time === 'night' ? 54 : 92;
  return `${glow('halo', { x, y, across: r * 3.6, along: r * 3.6 }, colour, 0.7)}<circle cx="${x}" cy="${y}" r="${r}" fill="${colour}" opacity=".95"/>`;
}

function plain({ hue, dice, time, light }: Scene, frame: Frame): string {
  const isDark = time === 'night' || (time === 'day' && dice.next() < 0.25);
  const warm = time === 'dawn' || time === 'golden';
  const base = warm ? 0.02 + hue * 0.1 : hue;
  const [saturation, lightness] = isDark ? [0.32, 0.24] : [0.42, 0.76];
  const top = hsl(base, saturation, lightness);
  const bottom = hsl(base + 0.07, saturation + 0.1, lightness + (isDark ? 0.1 : 0.1));
  const disc = hsl(base + dice.pick([0.09, 0.5, -0.08]), 0.45, isDark ? 0.42 : 0.68);
  const [x, y, r] = [light * dice.between(20, 150), dice.between(400, 470), dice.between(290, 350)];
  return `${downward('sky', top, bottom, 0.25)}${rect(frame, 'url(#sky)')}
    <circle cx="${x}" cy="${y}" r="${r}" fill="${disc}" opacity=".55"/>
    <circle cx="${-x * 2.4}" cy="${y + 220}" r="${r * 0.5}" fill="${shade(disc, isDark ? 1.15 : 1.3)}" opacity=".4"/>
    <circle cx="${-x * 2 - light * 180}" cy="${y - 280}" r="${r * 0.22}" fill="${shade(disc, isDark ? 1.2 : 1.35)}" opacity=".5"/>`;
}

function studio({ hue, light, time }: Scene, frame: Frame): string {
  const base = time === 'night' ? hsl(0.62, 0.2, 0.22) : hsl(0.55 + hue * 0.15, 0.12 + hue * 0.1, 0.62);
  return `${downward('sky', shade(base, 0.94), shade(base, 0.7))}${rect(frame, 'url(#sky)')}
    ${glow('spot', { x: light * 120, y: 420, across: 760, along: 700 }, shade(base, 1.6), 0.9)}`;
}

function sea({ dice, time }: Scene, sky: Sky, frame: Frame): string {
  const water = time === 'night' ? '#22336b' : time === 'golden' ? '#b0655f' : '#4d95a8';
  const waves: string[] = [];
  for (let at = 0; at < 26; at += 1) {
    const y = 600 + at * 9 + dice.between(0, 8);
    const x = frame.left + dice.next() * frame.width;
    const length = dice.between(40, 170);
    waves.push(
      `<path d="M ${x} ${y} h ${length}" stroke="${sky.sun}" stroke-width="${dice.between(2, 5)}" stroke-linecap="round" opacity="${dice.between(0.2, 0.6)}"/>`,
    );
  }
  const bottom = { ...frame, top: 585, height: frame.height };
  return `${downward('water', mix(water, sky.bottom, 0.35), shade(water, 0.82))}${rect(bottom, 'url(#water)')}${waves.join('')}
    <path d="M ${frame.left} 850 Q 0 790 ${frame.left + frame.width} 862 V 3200 H ${frame.left} Z" fill="${mix('#ecd6ae', sky.bottom, 0.25)}"/>`;
}

function ridges({ dice, time }: Scene, sky: Sky, frame: Frame, tone: Colour): string {
  const layers: string[] = [];
  for (let layer = 0; layer < 3; layer += 1) {
    const base = 430 + layer * 120;
    const colour = mix(shade(tone, time === 'night' ? 0.5 : 1), sky.bottom, 0.62 - layer * 0.27);
    let path = `M ${frame.left} 3200 L ${frame.left} ${base}`;
    const step = frame.width / 5;
    for (let at = 0; at <= 5; at += 1) {
      const x = frame.left + at * step;
      path += ` Q ${x + step * 0.25} ${base - dice.between(60, 210 - layer * 40)} ${x + step * 0.5} ${base - dice.between(20, 110)} T ${x + step} ${base - dice.between(0, 60)}`;
    }
    layers.push(`<path d="${path} V 3200 Z" fill="${colour}"/>`);
  }
  return layers.join('');
}

function forest({ dice, time }: Scene, sky: Sky, frame: Frame): string {
  const trees: string[] = [];
  for (let layer = 0; layer < 3; layer += 1) {
    const green = mix(shade('#3f6b4a', time === 'night' ? 0.55 : 1), sky.bottom, 0.6 - layer * 0.28);
    const count = Math.ceil(frame.width / (150 - layer * 10));
    for (let at = 0; at <= count; at += 1) {
      const x = frame.left + ((at + dice.between(-0.3, 0.3)) / count) * frame.width;
      const [half, tip] = [dice.between(60, 95) + layer * 14, 130 + layer * 150 + dice.between(-70, 90)];
      trees.push(
        `<path d="M ${x} ${tip} Q ${x + half * 0.35} ${tip + 170} ${x + half} ${tip + 420} Q ${x} ${tip + 460} ${x - half} ${tip + 420} Q ${x - half * 0.35} ${tip + 170} ${x} ${tip} Z" fill="${green}"/>`,
      );
    }
    trees.push(rect({ ...frame, top: 540 + layer * 130, height: 3000 }, green));
  }
  return trees.join('');
}

function flowers({ dice, hue }: Scene, frame: Frame): string {
  const blooms: string[] = [];
  for (let at = 0; at < 46; at += 1) {
    const [x, y] = [frame.left + dice.next() * frame.width, dice.between(600, 1000)];
    const r = 8 + (y - 560) / 22;
    const colour = hsl(dice.pick([0.95, 0.02, 0.12, 0.8, hue]), 0.6, 0.7);
    for (let petal = 0; petal < 5; petal += 1) {
      const angle = (petal / 5) * 2 * Math.PI + at;
      blooms.push(
        `<circle cx="${x + Math.cos(angle) * r}" cy="${y + Math.sin(angle) * r}" r="${r * 0.72}" fill="${colour}"/>`,
      );
    }
    blooms.push(`<circle cx="${x}" cy="${y}" r="${r * 0.55}" fill="#f6d56b"/>`);
  }
  return blooms.join('');
}

function city({ dice, time, hue }: Scene, sky: Sky, frame: Frame): string {
  const houses: string[] = [];
  for (let layer = 0; layer < 2; layer += 1) {
    const tone = mix(time === 'night' ? '#1d1c3f' : '#6d7690', sky.bottom, 0.5 - layer * 0.4);
    for (let x = frame.left - 40; x < frame.left + frame.width;) {
      const width = dice.between(90, 170);
      const top = 240 + layer * 170 + dice.between(-120, 160);
      houses.push(`<rect x="${x}" y="${top}" width="${width + 1}" height="3000" fill="${tone}"/>`);
      for (let y = top + 30; y < 960; y += 46) {
        for (let column = x + 18; column < x + width - 24; column += 34) {
          if (dice.next() < (time === 'day' ? 0.5 : 0.62)) continue;
          const lit =
            time === 'day' ? shade(tone, 1.3) : dice.pick(['#ffd98a', '#ffc46b', hsl(hue, 0.7, 0.7)]);
          houses.push(
            `<rect x="${column}" y="${y}" width="18" height="26" rx="2" fill="${lit}" opacity="${layer === 0 ? 0.5 : 0.9}"/>`,
          );
        }
      }
      x += width;
    }
  }
  return houses.join('');
}

function room({ dice, time, hue, light }: Scene, frame: Frame): string {
  const wall: Colour = time === 'night' ? '#4a3f4f' : mix('#e2cdb3', hsl(hue, 0.4, 0.7), 0.3);
  const parts = [downward('sky', shade(wall, 1.1), shade(wall, 0.86)), rect(frame, 'url(#sky)')];
  // A window towards the light, and shelves of books on the other side.
  const at = light * 330;
  const view: Colour = time === 'night' ? '#27305e' : time === 'golden' ? '#fbc07a' : '#cfe6ee';
  parts.push(
    `<rect x="${at - 150}" y="110" width="300" height="430" rx="12" fill="#fbf6ec"/>`,
    ...[-1, 1].flatMap((column) =>
      [-1, 1].map(
        (row) =>
          `<rect x="${at + column * 68 - 62}" y="${325 + row * 100 - 94}" width="124" height="188" rx="4" fill="${view}"/>`,
      ),
    ),
  );
  for (let shelf = 0; shelf < 3; shelf += 1) {
    const y = 330 + shelf * 210;
    for (let x = 190; x < 560;) {
      const [width, height] = [dice.between(18, 40), dice.between(100, 160)];
      const tone = hsl(dice.pick([0.02, 0.08, 0.13, 0.45, 0.58, hue]), 0.35, dice.between(0.38, 0.66));
      parts.push(
        `<rect x="${-light * x - (light > 0 ? width : 0)}" y="${y - height}" width="${width}" height="${height}" rx="3" fill="${tone}"/>`,
      );
      x += width + 2;
    }
    parts.push(
      `<rect x="${light > 0 ? -780 : 180}" y="${y}" width="600" height="18" fill="${shade('#8a6142', time === 'night' ? 0.7 : 1)}"/>`,
    );
  }
  return parts.join('');
}

function space({ dice, hue, light }: Scene, frame: Frame): string {
  const planet = hsl(hue, 0.5, 0.55);
  const x = light * 300;
  return `${downward('sky', '#0d1030', hsl(0.68 + hue * 0.12, 0.45, 0.3), 0.3)}${rect(frame, 'url(#sky)')}
    ${dots({ dice }, frame, { count: 110, colour: '#fff8e0', from: 1.5, to: 5, opacity: 0.9 })}
    <circle cx="${x}" cy="240" r="150" fill="${planet}"/><path d="M ${x - 140} 190 q 140 60 270 0 M ${x - 148} 250 q 150 60 296 0" stroke="${shade(planet, 1.25)}" stroke-width="16" fill="none" opacity=".5"/>
    <ellipse cx="${x}" cy="250" rx="245" ry="42" fill="none" stroke="${shade(planet, 1.4)}" stroke-width="12" opacity=".75"/>`;
}

function dots(
  { dice }: Pick<Scene, 'dice'>,
  frame: Frame,
  {
    count,
    colour,
    from,
    to,
    opacity,
  }: { count: number; colour: Colour; from: number; to: number; opacity: number },
): string {
  let all = '';
  for (let at = 0; at < count; at += 1) {
    const [x, y] = [frame.left + dice.next() * frame.width, frame.top + dice.next() * frame.height];
    all += `<circle cx="${x}" cy="${y}" r="${dice.between(from, to)}" fill="${colour}" opacity="${opacity * dice.between(0.4, 1)}"/>`;
  }
  return all;
}
