// Values under the pointer or the arrow keys, and the search field.
(() => {
  const data = JSON.parse(document.getElementById('chart-values').textContent);
  const tip = document.getElementById('tip');
  for (const svg of document.querySelectorAll('svg[data-chart]')) {
    const chart = data.charts[svg.dataset.chart], labels = data.labels[chart.labels], [left, right, width] = chart.box;
    const cursor = svg.querySelector('.cursor'), last = labels.length - 1;
    let at = last;
    const hide = () => { tip.hidden = true; cursor.setAttribute('visibility', 'hidden'); };
    const show = (step, below) => {
      at = Math.max(0, Math.min(last, step));
      const x = left + (last ? at / last : 0) * (right - left), box = svg.getBoundingClientRect();
      cursor.setAttribute('x1', x); cursor.setAttribute('x2', x); cursor.setAttribute('visibility', 'visible');
      const rows = chart.lines.filter(line => line.values[at] !== null).map(line => line.name + ': ' + line.values[at]);
      tip.textContent = [labels[at], ...rows].join('\n');
      tip.hidden = false;
      const place = box.left + x / width * box.width + 12;
      tip.style.left = Math.max(4, Math.min(place, innerWidth - tip.offsetWidth - 8)) + 'px';
      tip.style.top = Math.max(4, Math.min(below, innerHeight - tip.offsetHeight - 8)) + 'px';
    };
    svg.addEventListener('pointermove', event => {
      const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * width;
      show(Math.round((x - left) / (right - left) * last), event.clientY + 14);
    });
    svg.addEventListener('pointerleave', hide);
    svg.addEventListener('blur', hide);
    svg.addEventListener('focus', () => { if (svg.matches(':focus-visible')) show(at, svg.getBoundingClientRect().top + 20); });
    svg.addEventListener('keydown', event => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      show(at + move, svg.getBoundingClientRect().top + 20);
    });
  }
  const search = document.getElementById('search');
  if (search) search.addEventListener('input', () => {
    const word = search.value.toLowerCase();
    for (const figure of document.querySelectorAll('[data-series]')) figure.hidden = !figure.dataset.series.toLowerCase().includes(word);
  });
})();
