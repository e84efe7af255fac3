// Pictures take the height that the text leaves them; text that is too much for a slide shrinks.
function fit(slide) {
  const height = Reveal.getConfig().height - 28;  // below stands the slide's number
  const used = () => Math.max(...[...slide.children].map(part => part.offsetTop + part.offsetHeight));
  const pictures = [...slide.querySelectorAll(".jp-OutputArea img, .jp-OutputArea svg")];
  slide.style.zoom = 1;
  pictures.forEach(picture => { picture.style.height = "0px"; });
  const room = Math.max(240, (height - used()) / pictures.length - 10);
  pictures.forEach(picture => { picture.style.height = room + "px"; });
  const wide = [...slide.querySelectorAll("table")].map(table => slide.clientWidth / table.offsetWidth);
  slide.style.zoom = Math.min(1, height / used(), ...wide);
}

function show(event) {
  if (window.MathJax) MathJax.Hub.Queue(["Rerender", MathJax.Hub, event.currentSlide],
                                        () => fit(event.currentSlide));
  fit(event.currentSlide);
}

Reveal.on("ready", show);
Reveal.on("slidechanged", show);
Reveal.initialize({
  width: 1280, height: 720, margin: 0.03, center: false, hash: true, slideNumber: "c/t",
  transition: "none", plugins: [RevealNotes, RevealZoom],
});
